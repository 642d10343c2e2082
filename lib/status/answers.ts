import type { ServerResponse } from 'node:http';

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };
const NOT_CACHED = { 'Cache-Control': 'private, max-age=0', Expires: '0' };

/** What load balancers read (operations.md 9). The text is a contract, the status is what counts. */
export function answerHealth(response: ServerResponse, healthy: boolean): void {
  if (healthy) {
    answer(response, 200, { ...NOT_CACHED, 'Content-Type': 'text/plain; charset=utf-8' }, 'ok\n');
  } else {
    answer(response, 503, NOT_CACHED, '');
  }
}

export function answerNotFound(response: ServerResponse): void {
  answer(response, 404, PLAIN, '404 page not found\n');
}

export function answerUnauthorized(response: ServerResponse): void {
  answer(response, 401, { ...PLAIN, 'WWW-Authenticate': 'Basic' }, '401 Unauthorized\n');
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

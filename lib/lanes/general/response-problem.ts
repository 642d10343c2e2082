import type { IncomingMessage } from 'node:http';
import { RouterError } from '../../errors.ts';
import { malformedResponseText } from '../../health/malformed-response.ts';
import { badUpgrade } from '../attempt-errors.ts';

/** Why an answer that node's parser took is none for the client, whatever its fields say; undefined when it is one. */
export function statusLineProblem(response: IncomingMessage): RouterError | undefined {
  const { statusCode = 0, httpVersion, httpVersionMajor, statusMessage = '' } = response;
  if (statusCode < 100) return badResponse(`malformed HTTP status code "${statusCode}"`);
  // RFC 9110 §15.2.2: nobody asked for it, or it does not say to what it switches.
  if (statusCode < 200) return badUpgrade();
  if (httpVersionMajor === 1) return undefined;
  // Read by node as if it were 1.1; who says another version may mean another framing.
  const text = malformedResponseText(`HTTP/${httpVersion} ${statusCode} ${statusMessage}`);
  return new RouterError('ENDPOINT_BAD_RESPONSE', text, { source: 'endpoint' });
}

/** An answer that is no HTTP, in the words of the contract's router. */
export function badResponse(what: string): RouterError {
  const message = `net/http: HTTP/1.x transport connection broken: ${what}`;
  return new RouterError('ENDPOINT_BAD_RESPONSE', message, { source: 'endpoint' });
}

import { request } from 'node:http';

const WITHIN_MS = 10_000;

export interface Credentials {
  readonly user: string;
  readonly pass: string;
}

/** GET from this host, one connection per call. Rejects unless the answer is 200 with JSON. */
export function fetchJson(port: number, path: string, { user, pass }: Credentials): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      path,
      auth: `${user}:${pass}`,
      agent: false,
      timeout: WITHIN_MS,
    });
    asked.on('timeout', () => asked.destroy(new Error(`${path}: no answer within ${WITHIN_MS} ms`)));
    asked.on('error', reject);
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200)
          reject(new Error(`${path} answered ${response.statusCode}: ${body}`));
        else resolve(JSON.parse(body));
      });
    });
    asked.end();
  });
}

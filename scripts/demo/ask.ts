import { request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Question {
  readonly port: number;
  readonly path: string;
  readonly host?: string;
  /** user:password */
  readonly auth?: string;
}

const WITHIN_MS = 5_000;

/** One GET on a connection of its own. Rejects when no complete answer comes within 5 s. */
export function ask({ port, path, host, auth }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({
      port,
      path,
      host: '127.0.0.1',
      agent: false,
      timeout: WITHIN_MS,
      ...(auth === undefined ? {} : { auth }),
      ...(host === undefined ? {} : { headers: { Host: host } }),
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${WITHIN_MS} ms`)));
    asked.on('error', reject);
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.end();
  });
}

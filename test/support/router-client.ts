import { type IncomingHttpHeaders, request } from 'node:http';

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One GET over a connection of its own, for the host that the router is to route by. */
export function get(
  router: { readonly port: number },
  host: string,
  path = '/',
  headers: Readonly<Record<string, string>> = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const options = {
      port: router.port,
      host: '127.0.0.1',
      path,
      agent: false,
      headers: { ...headers, host },
    };
    request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    })
      .on('error', reject)
      .end();
  });
}

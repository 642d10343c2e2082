import { Agent, request } from 'node:http';
import type { Got } from './router-client.ts';

/** One connection to a router, kept alive: all its requests reach the same worker. */
export class KeptConnection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  #sockets = 0;

  constructor(closing: (close: () => unknown) => void, router: { readonly port: number }) {
    this.#port = router.port;
    closing(() => this.#agent.destroy());
  }

  /** Rejects when the router did not keep the connection: the answer could be any worker's. */
  get(host: string, path = '/', headers: Readonly<Record<string, string>> = {}): Promise<Got> {
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        host: '127.0.0.1',
        port: this.#port,
        path,
        headers: { ...headers, host },
      };
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      sent.on('socket', () => {
        if (!sent.reusedSocket) this.#sockets += 1;
        if (this.#sockets > 1) sent.destroy(new Error('the router closed a connection that it was to keep'));
      });
      sent.on('error', reject);
      sent.end();
    });
  }
}

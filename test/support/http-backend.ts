import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small HTTP backend on a port of its own, or on one that another had before, which says its name. */
export class HttpBackend {
  readonly name: string;
  port = 0;
  requests = 0;
  readonly #server: Server;

  private constructor(name: string, handler: RequestListener) {
    this.name = name;
    this.#server = createServer((req, res) => {
      this.requests += 1;
      handler(req, res);
    });
  }

  static async start(
    closing: (close: () => unknown) => void,
    name: string,
    handler: (req: IncomingMessage, res: ServerResponse) => void = (req, res) => {
      req.resume();
      res.end(name);
    },
    port = 0,
  ): Promise<HttpBackend> {
    const backend = new HttpBackend(name, handler);
    closing(() => backend.stop());
    backend.#server.listen(port, '127.0.0.1');
    await once(backend.#server, 'listening');
    backend.port = (backend.#server.address() as AddressInfo).port;
    return backend;
  }

  /** Nothing answers on its port from now on. May be called twice. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

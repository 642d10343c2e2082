import { once } from 'node:events';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** A small HTTPS backend, which says its name and the common name of the client's certificate, if it wanted one. */
export class TlsBackend {
  requests = 0;
  /** TCP connections, those that came to nothing included. */
  connections = 0;
  /** Server name that the last request's client asked for; false = none. */
  serverName: string | false | null = null;
  readonly #server: Server;

  private constructor(name: string, options: ServerOptions) {
    this.#server = createServer(options, (req, res) => {
      this.requests += 1;
      req.resume();
      this.serverName = (req.socket as TLSSocket).servername;
      const subject = (req.socket as TLSSocket).getPeerCertificate().subject as { CN?: string } | undefined;
      res.end(subject?.CN === undefined ? name : `${name}, asked by ${subject.CN}`);
    });
    this.#server.on('connection', () => {
      this.connections += 1;
    });
    this.#server.on('tlsClientError', () => {}); // the router's side of it is what the tests look at
  }

  static async start(
    closing: (close: () => unknown) => void,
    name: string,
    options: ServerOptions,
    port = 0,
  ): Promise<TlsBackend> {
    const backend = new TlsBackend(name, options);
    closing(() => backend.stop());
    backend.#server.listen(port, '127.0.0.1');
    await once(backend.#server, 'listening');
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From the next connection on. */
  present(options: { readonly cert: string; readonly key: string }): void {
    this.#server.setSecureContext(options);
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

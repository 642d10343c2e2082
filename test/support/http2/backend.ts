import { once } from 'node:events';
import {
  createSecureServer,
  type Http2SecureServer,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

/** What is done with one request; `fields` as received, name, value, ... */
export type StreamHandler = (
  stream: ServerHttp2Stream,
  fields: readonly string[],
  session: ServerHttp2Session,
) => void;

/** A TLS backend that agrees on HTTP/2 by ALPN. */
export class Http2Backend {
  readonly sessions: ServerHttp2Session[] = [];
  /** Their connections, in the same order. */
  readonly sockets: Socket[] = [];
  /** Field sections of all requests, in order. */
  readonly requests: (readonly string[])[] = [];
  handler: StreamHandler;
  readonly #server: Http2SecureServer;

  private constructor(handler: StreamHandler, options: SecureServerOptions) {
    this.handler = handler;
    this.#server = createSecureServer(options);
    this.#server.on('secureConnection', (socket) => this.sockets.push(socket));
    this.#server.on('session', (session) => {
      this.sessions.push(session);
      session.on('error', () => {}); // the router's side of it is what the tests look at
    });
    this.#server.on(
      'stream',
      (stream: ServerHttp2Stream, _headers, _flags, ...[raw = []]: [raw?: string[]]) => {
        stream.on('error', () => {});
        this.requests.push(raw);
        this.handler(stream, raw, stream.session as ServerHttp2Session);
      },
    );
  }

  static async start(
    handler: StreamHandler,
    options: SecureServerOptions,
    closing: (close: () => unknown) => void,
  ): Promise<Http2Backend> {
    const backend = new Http2Backend(handler, options);
    closing(() => backend.stop());
    backend.#server.listen(0, '127.0.0.1');
    await once(backend.#server, 'listening');
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    for (const session of this.sessions) session.destroy();
  }
}

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { ByteReader, type RawMessage } from './byte-reader.ts';

/** One connection that the router made to a scripted backend. */
export interface BackendConnection {
  readonly socket: Socket;
  readonly reader: ByteReader;
  request(): Promise<RawMessage>;
  /** Strings are latin1. */
  write(bytes: string | Buffer): void;
}

/** What a backend does with one connection. A rejection ends the connection; the test sees it as its answer missing. */
export type Script = (connection: BackendConnection, index: number) => Promise<void> | void;

/** A TCP server that keeps the exact bytes it was sent and answers with the exact bytes of its script. */
export class ScriptedBackend {
  readonly connections: BackendConnection[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #script: Script;

  private constructor(script: Script, tls: TlsOptions | undefined) {
    this.#script = script;
    const accept = (socket: Socket): void => this.#accept(socket);
    this.#server = tls ? createTlsServer(tls, accept) : createServer({ noDelay: true }, accept);
    if (tls) this.#server.on('tlsClientError', () => {}); // the router's side of it is what the tests look at
  }

  static async start(
    script: Script,
    closing: (close: () => unknown) => void,
    options: { tls?: TlsOptions } = {},
  ): Promise<ScriptedBackend> {
    const backend = new ScriptedBackend(script, options.tls);
    backend.#server.listen(0, '127.0.0.1');
    closing(() => backend.stop());
    await once(backend.#server, 'listening');
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From the next connection on. */
  set script(script: Script) {
    this.#script = script;
  }

  /** Everything that ever came in, over all connections, in order of connections. */
  get received(): string {
    return this.connections.map((connection) => connection.reader.text).join('');
  }

  async stop(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined;
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const reader = new ByteReader(socket);
    const connection: BackendConnection = {
      socket,
      reader,
      request: () => reader.message('request'),
      write: (bytes) => {
        if (socket.writable) socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
      },
    };
    this.connections.push(connection);
    Promise.resolve(this.#script(connection, this.connections.length - 1)).catch(() => socket.destroy());
  }
}

/** A script that reads whole requests and gives each the same answer. */
export function answering(bytes: string | Buffer): Script {
  return async (connection) => {
    for (;;) {
      if (connection.reader.ended && connection.reader.rest.length === 0) return;
      await connection.request();
      connection.write(bytes);
    }
  };
}

/** `HTTP/1.1 200 OK` with that body and a Content-Length. */
export function ok(body = 'ok', ...headerLines: string[]): string {
  return [
    'HTTP/1.1 200 OK',
    `Content-Length: ${Buffer.byteLength(body, 'latin1')}`,
    ...headerLines,
    '',
    body,
  ].join('\r\n');
}

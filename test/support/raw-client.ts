import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { ByteReader, type RawMessage } from './byte-reader.ts';

/** An HTTP client that sends exactly the bytes it is given and keeps exactly the bytes it gets. */
export class RawClient {
  readonly socket: Socket;
  readonly reader: ByteReader;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.reader = new ByteReader(socket);
  }

  static async connect(port: number, closing: (close: () => unknown) => void): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    closing(() => socket.destroy());
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Over TLS: any certificate will do unless `options` say otherwise. Rejects when the handshake fails. */
  static async connectTls(
    port: number,
    closing: (close: () => unknown) => void,
    options: ConnectionOptions = {},
  ): Promise<RawClient> {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    closing(() => socket.destroy());
    const client = new RawClient(socket);
    await once(socket, 'secureConnect');
    return client;
  }

  /** Strings are latin1: a code unit is a byte. Resolves when the kernel took the bytes. */
  async send(bytes: string | Buffer): Promise<void> {
    const flushed = this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    if (!flushed && !this.socket.destroyed) {
      await Promise.race([once(this.socket, 'drain'), once(this.socket, 'close')]).catch(() => {});
    }
  }

  response(kind: 'response' | 'response-to-head' = 'response'): Promise<RawMessage> {
    return this.reader.message(kind);
  }

  /** Sends a request and reads its answer. */
  async ask(bytes: string | Buffer): Promise<RawMessage> {
    await this.send(bytes);
    const isHead = typeof bytes === 'string' && bytes.startsWith('HEAD ');
    return this.response(isHead ? 'response-to-head' : 'response');
  }

  close(): void {
    this.socket.destroy();
  }
}

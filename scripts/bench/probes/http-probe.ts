import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

const WITHIN_MS = 10_000;

/**
 * A keep-alive connection for one small GET at a time, of which only the status matters. By hand, because node's
 * own client costs more than what is measured with it.
 */
export class HttpProbe {
  readonly #socket: Socket;
  #received = '';
  #waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(WITHIN_MS, () => socket.destroy(new Error(`no answer within ${WITHIN_MS} ms`)));
    socket.on('data', (bytes: Buffer) => this.#receive(bytes.toString('latin1')));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  static async connect(port: number): Promise<HttpProbe> {
    const socket = createConnection(port, '127.0.0.1');
    await once(socket, 'connect');
    return new HttpProbe(socket);
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** The status of the answer, once it has come in full. */
  get(host: string, path = '/'): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) reject(new Error('the connection was closed'));
      this.#waiting = { resolve, reject };
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/iu.exec(head)?.[1];
    const body = this.#received.slice(headEnd + 4);
    const whole = length === undefined ? body.endsWith('0\r\n\r\n') : body.length >= Number(length);
    if (!whole) return;
    this.#received = '';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(Number(head.slice(9, 12)));
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

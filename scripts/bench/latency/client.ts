import { createConnection, type Socket } from 'node:net';

const STATUS = Buffer.from('HTTP/1.1 200 ', 'latin1');
const HEAD_END = Buffer.from('\r\n\r\n', 'latin1');
const LENGTH = /\r\ncontent-length: *(\d+)/iu;
const LENGTH_FIELD = Buffer.from('\r\nContent-Length: ', 'latin1');
const ZERO = 48;
const NINE = 57;

export interface ClientTold {
  answered(client: Client, isGood: boolean): void;
  broken(): void;
}

/** A client connection that asks once at a time. Its answers have a Content-Length. */
export class Client {
  /** Number of the request that is on its way. */
  asked = 0;
  readonly #socket: Socket;
  readonly #request: Buffer;
  readonly #told: ClientTold;
  /** Of an answer that came in pieces. */
  #partial: Buffer | undefined;

  private constructor(port: number, host: string, told: ClientTold) {
    this.#request = Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    this.#told = told;
    const buffer = Buffer.allocUnsafeSlow(16_384);
    this.#socket = createConnection({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer, callback: (length) => this.#take(buffer, length) },
    });
  }

  /** Resolves when it is connected; tells that it is broken when it cannot be. */
  static connect(port: number, host: string, told: ClientTold): Promise<Client> {
    const client = new Client(port, host, told);
    return new Promise((resolve) => {
      client.#socket.once('connect', () => resolve(client));
      client.#socket.on('error', () => client.#socket.destroy());
      client.#socket.on('close', () => told.broken());
    });
  }

  ask(request: number): void {
    this.asked = request;
    this.#socket.write(this.#request);
  }

  /** Nothing is told any more. */
  close(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #take(buffer: Buffer, length: number): boolean {
    let bytes = buffer;
    let end = length;
    if (this.#partial !== undefined) {
      bytes = Buffer.concat([this.#partial, buffer.subarray(0, length)]);
      end = bytes.length;
    }
    if (answerLength(bytes, end) > end) {
      this.#partial = Buffer.from(bytes.subarray(0, end));
      return true;
    }
    this.#partial = undefined;
    this.#told.answered(this, bytes.compare(STATUS, 0, STATUS.length, 0, STATUS.length) === 0);
    return true;
  }
}

/** Of the answer that begins `bytes`, of which `end` have come, head and body; Infinity while its head is not whole. */
export function answerLength(bytes: Buffer, end: number): number {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0 || headEnd + HEAD_END.length > end) return Number.POSITIVE_INFINITY;
  // Looked for as nginx and the endpoint write it first: no text has to be made of each answer.
  const field = bytes.indexOf(LENGTH_FIELD);
  if (field < 0 || field > headEnd) {
    const digits = LENGTH.exec(bytes.toString('latin1', 0, headEnd))?.[1];
    return headEnd + HEAD_END.length + Number(digits ?? 0);
  }
  let length = 0;
  for (let at = field + LENGTH_FIELD.length; at < headEnd; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) break;
    length = length * 10 + byte - ZERO;
  }
  return headEnd + HEAD_END.length + length;
}

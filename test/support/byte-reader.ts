import type { Socket } from 'node:net';

/** An HTTP/1.1 message as its exact bytes, cut into parts. Texts are latin1. */
export interface RawMessage {
  /** Start line and header lines, with the empty line. */
  readonly head: string;
  readonly startLine: string;
  /** `name: value` lines as they came. */
  readonly headerLines: readonly string[];
  /** Body bytes as they came, chunk framing included. */
  readonly rawBody: Buffer;
  /** Body without chunk framing. */
  readonly body: Buffer;
  readonly trailerLines: readonly string[];
  /** First value of a header, any case. */
  header(name: string): string | undefined;
}

/** Reads a socket byte by byte order, keeping everything that ever came. */
export class ByteReader {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #all: Buffer = Buffer.alloc(0);
  #consumed = 0;
  #length = 0;
  #wakers: (() => void)[] = [];
  ended = false;
  closed = false;
  error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    socket.on('end', () => {
      this.ended = true;
      this.#wake();
    });
    socket.on('error', (error) => {
      this.error = error;
      this.#wake();
    });
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** All bytes received so far. */
  get bytes(): Buffer {
    if (this.#chunks.length > 0) {
      this.#all = Buffer.concat([this.#all, ...this.#chunks]);
      this.#chunks = [];
    }
    return this.#all;
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  /** Bytes received and not yet read. */
  get rest(): Buffer {
    return this.bytes.subarray(this.#consumed);
  }

  /** Everything up to and including `mark`. */
  async until(mark: string): Promise<Buffer> {
    const at = await this.#when(() => {
      const found = this.rest.indexOf(mark, 0, 'latin1');
      return found === -1 ? undefined : found;
    }, JSON.stringify(mark));
    return this.#take(at + mark.length);
  }

  async exactly(length: number): Promise<Buffer> {
    // Joined once, when all of it is there: bodies are large.
    const enough = this.#consumed + length;
    await this.#when(() => (this.#length >= enough ? true : undefined), `${length} bytes`);
    return this.#take(length);
  }

  /** Everything until the peer ends or closes. */
  async toEnd(): Promise<Buffer> {
    while (!this.ended && !this.closed) await this.#more();
    return this.#take(this.rest.length);
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await this.#more();
  }

  /** One message. A request has a body only when framed; a response also until the end of the connection. */
  async message(kind: 'request' | 'response' | 'response-to-head' = 'request'): Promise<RawMessage> {
    const head = (await this.until('\r\n\r\n')).toString('latin1');
    const [startLine = '', ...headerLines] = head.slice(0, -4).split('\r\n');
    const header = (name: string): string | undefined => {
      const prefix = `${name.toLowerCase()}:`;
      return headerLines
        .find((line) => line.toLowerCase().startsWith(prefix))
        ?.slice(prefix.length)
        .trim();
    };
    const status = kind === 'request' ? 0 : Number(startLine.split(' ')[1]);
    const none = Buffer.alloc(0);
    let rawBody: Buffer = none;
    let body: Buffer = none;
    let trailerLines: string[] = [];
    const bodiless =
      kind === 'response-to-head' || status === 204 || status === 304 || (status >= 100 && status < 200);
    if (bodiless) {
      // nothing follows
    } else if (/chunked/i.test(header('transfer-encoding') ?? '')) {
      const raw: Buffer[] = [];
      const parts: Buffer[] = [];
      for (;;) {
        const sizeLine = await this.until('\r\n');
        const size = Number.parseInt(sizeLine.toString('latin1'), 16);
        raw.push(sizeLine);
        if (size === 0) break;
        const data = await this.exactly(size + 2);
        raw.push(data);
        parts.push(data.subarray(0, size));
      }
      for (;;) {
        const line = await this.until('\r\n');
        raw.push(line);
        if (line.length === 2) break;
        trailerLines = [...trailerLines, line.toString('latin1').slice(0, -2)];
      }
      rawBody = Buffer.concat(raw);
      body = Buffer.concat(parts);
    } else if (header('content-length') !== undefined) {
      rawBody = await this.exactly(Number(header('content-length')));
      body = rawBody;
    } else if (kind === 'response') {
      rawBody = await this.toEnd();
      body = rawBody;
    }
    return { head, startLine, headerLines, rawBody, body, trailerLines, header };
  }

  #take(length: number): Buffer {
    const taken = this.rest.subarray(0, length);
    this.#consumed += length;
    return taken;
  }

  async #when<T>(find: () => T | undefined, what: string): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.ended || this.closed) {
        throw new Error(
          `connection ended before ${what} came; unread: ${JSON.stringify(this.rest.toString('latin1').slice(0, 500))}`,
        );
      }
      await this.#more();
    }
  }

  #more(): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => this.#wakers.push(resolve));
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  get socket(): Socket {
    return this.#socket;
  }
}

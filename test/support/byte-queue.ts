import type { Socket } from 'node:net';

/** A message as a plain reading of RFC 9112 finds it. */
export interface StreamedMessage {
  readonly startLine: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly trailers: ReadonlyMap<string, string>;
}

/**
 * Reads messages off a socket and forgets what was read, for tests that move much. An independent reading of the
 * protocol: nothing of it is the router's. Rejects when the connection ends within what is awaited.
 */
export class ByteQueue {
  #pieces: Buffer[] = [];
  #length = 0;
  #over = false;
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    socket.on('data', (bytes: Buffer) => {
      this.#pieces.push(bytes);
      this.#length += bytes.length;
      this.#wake();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#over = true;
      this.#wake();
    });
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => {
      this.#over = true;
      this.#wake();
    });
  }

  /** Bytes that came and were not read. */
  get length(): number {
    return this.#length;
  }

  /** Undefined when the connection ended before it began. */
  async head(): Promise<{ startLine: string; fields: Map<string, string> } | undefined> {
    while (this.#length === 0) {
      if (this.#over) return undefined;
      await this.#more();
    }
    const startLine = await this.#line();
    return { startLine, fields: await this.#fields() };
  }

  /** The body that a head announces. */
  async body(
    fields: ReadonlyMap<string, string>,
    untilEnd: boolean,
  ): Promise<Omit<StreamedMessage, 'startLine' | 'fields'>> {
    const none = new Map<string, string>();
    if (fields.get('transfer-encoding') === 'chunked') {
      const parts: Buffer[] = [];
      for (;;) {
        const size = Number.parseInt(await this.#line(), 16);
        if (size === 0) break;
        parts.push(await this.#exactly(size));
        if ((await this.#line()) !== '') throw new Error('no line end behind a chunk');
      }
      return { body: Buffer.concat(parts), trailers: await this.#fields() };
    }
    const length = fields.get('content-length');
    if (length !== undefined) return { body: await this.#exactly(Number(length)), trailers: none };
    if (!untilEnd) return { body: Buffer.alloc(0), trailers: none };
    while (!this.#over) await this.#more();
    if (!this.#ended) throw new Error('connection broken within a body');
    return { body: await this.#exactly(this.#length), trailers: none };
  }

  async #fields(): Promise<Map<string, string>> {
    const fields = new Map<string, string>();
    for (;;) {
      const line = await this.#line();
      if (line === '') return fields;
      const colon = line.indexOf(':');
      fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
  }

  async #line(): Promise<string> {
    for (;;) {
      if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
      const at = this.#pieces[0]?.indexOf('\r\n') ?? -1;
      if (at !== -1) return (await this.#exactly(at + 2)).toString('latin1', 0, at);
      if (this.#over) throw new Error('connection ended within a line');
      await this.#more();
    }
  }

  async #exactly(size: number): Promise<Buffer> {
    while (this.#length < size) {
      if (this.#over) throw new Error('connection ended within a body');
      await this.#more();
    }
    const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    this.#length -= size;
    this.#pieces = size === all.length ? [] : [all.subarray(size)];
    return all.subarray(0, size);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

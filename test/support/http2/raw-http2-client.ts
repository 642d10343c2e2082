import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../until.ts';

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** An HTTP/2 client that sends exactly the frames it is given, sound or not, and keeps those it gets. */
export class RawHttp2Client {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  closed = false;
  #unread = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Connects and sends the preface with empty settings. */
  static async connect(port: number, closing: (close: () => unknown) => void): Promise<RawHttp2Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    closing(() => socket.destroy());
    const client = new RawHttp2Client(socket);
    await once(socket, 'connect');
    socket.write(PREFACE);
    client.send(frame(FRAME.SETTINGS, 0, 0));
    return client;
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** Frames of that type that came on a stream. */
  of(type: number, streamId: number): Frame[] {
    return this.frames.filter((each) => each.type === type && each.streamId === streamId);
  }

  /** The error code of the RST_STREAM that a stream gets. */
  async resetCode(streamId: number): Promise<number> {
    const [reset] = await until(
      () =>
        this.of(FRAME.RST_STREAM, streamId).length > 0 ? this.of(FRAME.RST_STREAM, streamId) : undefined,
      `a reset of stream ${streamId}`,
    );
    return reset!.payload.readUInt32BE(0);
  }

  /** The error code of the GOAWAY that the session gets. */
  async goawayCode(): Promise<number> {
    const goaway = await until(() => this.of(FRAME.GOAWAY, 0).at(-1), 'GOAWAY');
    return goaway.payload.readUInt32BE(4);
  }

  /** Whether an answer has ended on a stream. */
  ended(streamId: number): boolean {
    return this.frames.some(
      ({ type, flags, streamId: id }) =>
        id === streamId && type <= FRAME.HEADERS && (flags & FLAG.END_STREAM) !== 0,
    );
  }

  #received(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (;;) {
      if (this.#unread.length < 9) return;
      const length = this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < 9 + length) return;
      this.frames.push({
        type: this.#unread[3]!,
        flags: this.#unread[4]!,
        streamId: this.#unread.readUInt32BE(5) & 0x7fffffff,
        payload: this.#unread.subarray(9, 9 + length),
      });
      this.#unread = this.#unread.subarray(9 + length);
    }
  }
}

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A field section (HPACK, RFC 7541 §6.2.2): each field literal, without an index and without Huffman coding. */
export function fieldSection(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** A request in one HEADERS frame. */
export function request(
  streamId: number,
  fields: readonly (readonly [name: string, value: string])[],
  endStream = true,
): Buffer {
  const flags = FLAG.END_HEADERS | (endStream ? FLAG.END_STREAM : 0);
  return frame(FRAME.HEADERS, flags, streamId, fieldSection(fields));
}

export function reset(streamId: number, code: number): Buffer {
  return frame(FRAME.RST_STREAM, 0, streamId, uint32(code));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

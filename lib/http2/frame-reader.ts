import { ConnectionError, ERROR, FLAG, FRAME, FRAME_HEADER_BYTES } from './frames.ts';

/** Who gets the frames of one direction, in order. Each may throw ConnectionError. */
export interface FrameSink {
  /** A DATA frame begins; `length` is what counts for flow control, padding included. */
  dataBegin(streamId: number, length: number): void;
  /** Bytes of it from `from` up to `to`; they hold until this returns. */
  data(streamId: number, bytes: Buffer, from: number, to: number): void;
  /** `length` as at its begin. */
  dataEnd(streamId: number, endStream: boolean, length: number): void;
  /** Any other frame, its payload in the bytes from `from` up to `to`. */
  frame(type: number, flags: number, streamId: number, bytes: Buffer, from: number, to: number): void;
}

const NOTHING = Buffer.alloc(0);

/** Cuts what comes on a connection into frames (RFC 9113 §4.1), split anywhere. DATA is passed on as it comes. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #maxFrame: number;
  /** Of a frame that is not whole: its header, and the payload if it is no DATA frame. */
  #kept: Buffer = NOTHING;
  #keptBytes = 0;
  /** Of the DATA frame that is being read: octets left, padding at its end among them. */
  #dataLeft = 0;
  #padding = 0;
  #paddingUnknown = false;
  #dataStream = 0;
  #dataFlags = 0;
  #dataLength = 0;
  #inData = false;

  /** `maxFrame`: the largest payload that was announced. */
  constructor(sink: FrameSink, maxFrame: number) {
    this.#sink = sink;
    this.#maxFrame = maxFrame;
  }

  /** Reads on. Throws ConnectionError; nothing may be read afterwards. */
  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#inData) at = this.#readData(bytes, at);
      else if (this.#keptBytes > 0) at = this.#complete(bytes, at);
      else at = this.#readFrame(bytes, at);
    }
  }

  /** A frame that begins at `at`; keeps it when it is not whole. Returns how far it came. */
  #readFrame(bytes: Buffer, at: number): number {
    if (bytes.length - at < FRAME_HEADER_BYTES)
      return this.#keep(bytes, at, bytes.length, FRAME_HEADER_BYTES);
    const length = this.#lengthAt(bytes, at);
    if (bytes[at + 3] === FRAME.data) {
      this.#begin(bytes, at, length);
      return at + FRAME_HEADER_BYTES;
    }
    const end = at + FRAME_HEADER_BYTES + length;
    if (end > bytes.length) return this.#keep(bytes, at, bytes.length, FRAME_HEADER_BYTES + length);
    this.#tell(bytes, at, end);
    return end;
  }

  /** More of a frame of which a part was kept. */
  #complete(bytes: Buffer, at: number): number {
    let from = at;
    if (this.#keptBytes < FRAME_HEADER_BYTES) {
      const missing = FRAME_HEADER_BYTES - this.#keptBytes;
      from = this.#keep(bytes, from, Math.min(bytes.length, from + missing), FRAME_HEADER_BYTES);
      if (this.#keptBytes < FRAME_HEADER_BYTES) return from;
    }
    const length = this.#lengthAt(this.#kept, 0);
    if (this.#kept[3] === FRAME.data) {
      this.#keptBytes = 0;
      this.#begin(this.#kept, 0, length);
      return from;
    }
    const whole = FRAME_HEADER_BYTES + length;
    from = this.#keep(bytes, from, Math.min(bytes.length, from + whole - this.#keptBytes), whole);
    if (this.#keptBytes === whole) {
      this.#keptBytes = 0;
      this.#tell(this.#kept, 0, whole);
      if (this.#kept.length > 1024) this.#kept = NOTHING;
    }
    return from;
  }

  #keep(bytes: Buffer, from: number, to: number, whole: number): number {
    const length = this.#keptBytes + to - from;
    if (this.#kept.length < length) {
      // No more than twice what has come: a frame may be announced and never sent.
      const grown = Buffer.allocUnsafeSlow(Math.max(64, Math.min(whole, length * 2)));
      this.#kept.copy(grown, 0, 0, this.#keptBytes);
      this.#kept = grown;
    }
    bytes.copy(this.#kept, this.#keptBytes, from, to);
    this.#keptBytes = length;
    return to;
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    if (length > this.#maxFrame) throw new ConnectionError(ERROR.frameSize, 'frame too large');
    return length;
  }

  #tell(bytes: Buffer, at: number, end: number): void {
    this.#sink.frame(
      bytes[at + 3]!,
      bytes[at + 4]!,
      streamIdAt(bytes, at + 5),
      bytes,
      at + FRAME_HEADER_BYTES,
      end,
    );
  }

  #begin(bytes: Buffer, at: number, length: number): void {
    this.#dataFlags = bytes[at + 4]!;
    this.#dataStream = streamIdAt(bytes, at + 5);
    if (this.#dataStream === 0) throw new ConnectionError(ERROR.protocol, 'DATA on stream 0');
    this.#dataLeft = length;
    this.#dataLength = length;
    this.#padding = 0;
    this.#paddingUnknown = (this.#dataFlags & FLAG.padded) !== 0;
    if (this.#paddingUnknown && length === 0) throw new ConnectionError(ERROR.frameSize, 'no pad length');
    this.#sink.dataBegin(this.#dataStream, length);
    this.#inData = length > 0;
    if (length === 0) this.#endData();
  }

  #endData(): void {
    this.#sink.dataEnd(this.#dataStream, (this.#dataFlags & FLAG.endStream) !== 0, this.#dataLength);
  }

  #readData(bytes: Buffer, at: number): number {
    let from = at;
    if (this.#paddingUnknown) {
      this.#paddingUnknown = false;
      this.#padding = bytes[from]!;
      this.#dataLeft -= 1;
      from += 1;
      // RFC 9113 §6.1: as long as the payload or longer.
      if (this.#padding > this.#dataLeft) throw new ConnectionError(ERROR.protocol, 'too much padding');
    }
    const end = Math.min(bytes.length, from + this.#dataLeft);
    const data = Math.min(end, from + this.#dataLeft - this.#padding);
    if (data > from) this.#sink.data(this.#dataStream, bytes, from, data);
    this.#dataLeft -= end - from;
    if (this.#dataLeft === 0) {
      this.#inData = false;
      this.#endData();
    }
    return end;
  }
}

/** Thirty-one bits; the one ahead of them is ignored. */
function streamIdAt(bytes: Buffer, at: number): number {
  return ((bytes[at]! & 127) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

import { ConnectionError, DEFAULT_TABLE_BYTES, ERROR, FLAG } from './frames.ts';
import { CompressionError, HpackDecoder } from './hpack/decoder.ts';

/** A field section, whole and decoded. */
export interface FieldSection {
  readonly id: number;
  readonly endStream: boolean;
  /** Name, value, ... */
  readonly fields: string[];
  /** There were more than may be: `fields` are not all. */
  readonly exceeded: boolean;
}

interface Pieces {
  readonly id: number;
  readonly endStream: boolean;
  readonly bytes: Buffer[];
  length: number;
}

/** What PRIORITY adds ahead of a section: a stream and a weight, which nobody asks any more (RFC 9113 §5.3.2). */
const PRIORITY_BYTES = 5;

/** Puts field sections together from HEADERS and CONTINUATION, and decodes them (RFC 9113 §4.3, §6.2, §6.10). */
export class FieldSections {
  readonly #maxBytes: number;
  readonly #decoder: HpackDecoder;
  #open: Pieces | undefined;

  /** `maxBytes`: of a section, compressed, and of its list, 32 for each field included. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#decoder = new HpackDecoder(DEFAULT_TABLE_BYTES, maxBytes);
  }

  /** The stream whose section has begun and not ended; 0 = none. Only its CONTINUATION may follow. */
  get openOn(): number {
    return this.#open?.id ?? 0;
  }

  /** A HEADERS frame; undefined when more has to come. Throws ConnectionError. */
  headers(flags: number, id: number, bytes: Buffer, from: number, to: number): FieldSection | undefined {
    if ((id & 1) === 0) throw new ConnectionError(ERROR.protocol, 'HEADERS on an even stream');
    let start = from;
    let end = to;
    if ((flags & FLAG.padded) !== 0) {
      if (start === end) throw new ConnectionError(ERROR.frameSize, 'HEADERS without their pad length');
      end -= bytes[start]!;
      start += 1;
    }
    if ((flags & FLAG.priority) !== 0) start += PRIORITY_BYTES;
    if (start > end) throw new ConnectionError(ERROR.protocol, 'HEADERS of nothing but padding');
    const endStream = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) return this.#decoded(id, endStream, bytes, start, end);
    this.#open = { id, endStream, bytes: [], length: 0 };
    this.#keep(this.#open, bytes, start, end);
    return undefined;
  }

  /** A CONTINUATION frame; as `headers`. */
  continuation(flags: number, id: number, bytes: Buffer, from: number, to: number): FieldSection | undefined {
    const open = this.#open;
    if (open === undefined) throw new ConnectionError(ERROR.protocol, 'CONTINUATION of nothing');
    this.#keep(open, bytes, from, to);
    if ((flags & FLAG.endHeaders) === 0) return undefined;
    this.#open = undefined;
    const whole = Buffer.concat(open.bytes);
    return this.#decoded(id, open.endStream, whole, 0, whole.length);
  }

  #keep(open: Pieces, bytes: Buffer, from: number, to: number): void {
    open.length += to - from;
    if (open.length > this.#maxBytes) throw new ConnectionError(ERROR.enhanceYourCalm, 'field section');
    open.bytes.push(Buffer.from(bytes.subarray(from, to)));
  }

  #decoded(id: number, endStream: boolean, bytes: Buffer, from: number, to: number): FieldSection {
    try {
      const fields = this.#decoder.decode(bytes, from, to);
      return { id, endStream, fields, exceeded: this.#decoder.exceeded };
    } catch (error) {
      if (error instanceof CompressionError) throw new ConnectionError(ERROR.compression, error.message);
      throw error;
    }
  }
}

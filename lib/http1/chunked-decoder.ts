import { CR, LF } from './char-class.ts';
import { afterExtensionByte, type ExtensionState } from './chunk-extension.ts';
import { FIELDS_INCOMPLETE, FieldLines, TOO_MANY_FIELDS } from './field-lines.ts';

/** What a chunked body may hold beside its data. */
export interface ChunkLimits {
  /** Of one chunk. */
  readonly maxExtensionBytes: number;
  /** Field lines behind the last chunk, with their ends. */
  readonly maxTrailerBytes: number;
  /** 0 = no limit of its own. */
  readonly maxTrailerFields: number;
}

/** Which rule a chunked body broke. */
export type ChunkProblem =
  | 'chunk size'
  | 'chunk extension'
  | 'chunk extension size'
  | 'line end'
  | 'trailer'
  | 'trailer size';

/** What is read next. */
type State =
  | 'size'
  | 'more-size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailers'
  | 'nothing';

const NO_TRAILERS: readonly string[] = [];
/** 13 hex digits are 52 bits, so that sizes stay exact. Leading zeros count: a size line is bounded as well. */
const MAX_SIZE_DIGITS = 13;
const SEMICOLON = 59;
const EMPTY_LINE = '\r\n'.length;

const LINES = new FieldLines();

/**
 * Decodes one chunked body (RFC 9112 §7.1) from buffers split anywhere, without copying its data:
 *
 *     for (let at = from; at < bytes.length && !decoder.over; ) {
 *       at = decoder.next(bytes, at);
 *       if (decoder.dataEnd > decoder.dataStart) use(bytes.subarray(decoder.dataStart, decoder.dataEnd));
 *     }
 *     if (decoder.failed !== undefined) ...
 *
 * Strict: CRLF only, sizes without sign, blank or `0x`. Extensions are checked, bounded and dropped.
 */
export class ChunkedDecoder {
  /** The data that the last `next` found in its buffer: none when both are equal. */
  dataStart = 0;
  dataEnd = 0;
  /** The whole body was read; `next` has returned the offset behind it. */
  done = false;
  failed: ChunkProblem | undefined;
  /** Trailer fields as received, name, value, ...; complete when `done`. Which may be passed on is a policy. */
  trailers: readonly string[] = NO_TRAILERS;
  readonly #limits: ChunkLimits;
  #state: State = 'size';
  #digits = 0;
  /** Bytes left of the chunk. */
  #left = 0;
  #extension: ExtensionState = 'name';
  #extensionBytes = 0;
  #trailerText = '';
  /** How much of CR LF CR LF was just seen. */
  #endSeen = 0;

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
  }

  /** Done or failed: nothing more is read. */
  get over(): boolean {
    return this.#state === 'nothing';
  }

  /** Reads on at `from`, up to the end of a range of data, of the body or of the buffer; returns how far it came. */
  next(bytes: Buffer, from: number): number {
    this.dataStart = from;
    this.dataEnd = from;
    let at = from;
    while (at < bytes.length && this.#state !== 'nothing') {
      if (this.#state === 'data') {
        const size = Math.min(this.#left, bytes.length - at);
        this.#left -= size;
        if (this.#left === 0) this.#state = 'data-cr';
        this.dataStart = at;
        this.dataEnd = at + size;
        return this.dataEnd;
      }
      if (this.#state === 'trailers') {
        at = this.#readTrailers(bytes, at);
      } else {
        this.#state = this.#readByte(bytes[at]!);
        at += 1;
      }
    }
    return at;
  }

  #readByte(code: number): State {
    switch (this.#state) {
      case 'size':
      case 'more-size':
        return this.#readSize(code);
      case 'extension':
        return this.#readExtension(code);
      case 'size-lf':
        if (code !== LF) return this.#fail('line end');
        if (this.#left > 0) return 'data';
        this.#endSeen = 2; // this line's end counts: the empty line may follow at once
        return 'trailers';
      case 'data-cr':
        return code === CR ? 'data-lf' : this.#fail('line end');
      default: // data-lf
        return code === LF ? 'size' : this.#fail('line end');
    }
  }

  #readSize(code: number): State {
    const digit = hexDigit(code);
    if (digit !== -1) {
      if (this.#state === 'size') this.#digits = 0;
      this.#digits += 1;
      this.#left = this.#left * 16 + digit;
      return this.#digits > MAX_SIZE_DIGITS ? this.#fail('chunk size') : 'more-size';
    }
    if (this.#state === 'size') return this.#fail('chunk size');
    if (code === CR) return 'size-lf';
    if (code !== SEMICOLON) return this.#fail(code === LF ? 'line end' : 'chunk size');
    this.#extension = 'name';
    this.#extensionBytes = 1;
    return 'extension';
  }

  #readExtension(code: number): State {
    this.#extension = afterExtensionByte(this.#extension, code);
    if (this.#extension === 'end') return 'size-lf';
    if (this.#extension === 'bad')
      return this.#fail(code === CR || code === LF ? 'line end' : 'chunk extension');
    this.#extensionBytes += 1;
    return this.#extensionBytes > this.#limits.maxExtensionBytes
      ? this.#fail('chunk extension size')
      : 'extension';
  }

  /** Looks for the empty line; the section is parsed when that has come. */
  #readTrailers(bytes: Buffer, from: number): number {
    const room = this.#limits.maxTrailerBytes + EMPTY_LINE - this.#trailerText.length;
    let at = from;
    while (at < bytes.length && this.#endSeen < 4) {
      const code = bytes[at]!;
      at += 1;
      const awaited = this.#endSeen % 2 === 0 ? CR : LF;
      if (code === awaited) this.#endSeen += 1;
      else if (awaited === LF || code === LF) {
        this.#state = this.#fail('line end');
        return at;
      } else this.#endSeen = 0;
      if (at - from > room) {
        this.#state = this.#fail('trailer size');
        return at;
      }
    }
    this.#trailerText += bytes.toString('latin1', from, at);
    if (this.#endSeen === 4) this.#state = this.#parseTrailers();
    return at;
  }

  #parseTrailers(): State {
    const text = this.#trailerText;
    this.#trailerText = '';
    if (text.length > EMPTY_LINE) {
      const end = LINES.read(Buffer.from(text, 'latin1'), 0, text.length, this.#limits.maxTrailerFields);
      if (end === TOO_MANY_FIELDS) return this.#fail('trailer size');
      if (end < 0) return this.#fail(end === FIELDS_INCOMPLETE ? 'line end' : 'trailer');
      this.trailers = LINES.texts(text, 0);
    }
    this.done = true;
    return 'nothing';
  }

  #fail(problem: ChunkProblem): State {
    this.failed = problem;
    return 'nothing';
  }
}

/** -1 when it is none. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

const FIRST_BYTES = 1024;
const CR = 13;
const LF = 10;

/**
 * A head that comes in pieces: keeps them, and tells when parsing is worth while again, which is when its end may
 * have come, when something is wrong at the end of a line, when it has doubled since the last time, or when it is
 * longer than any may be. Reading it from its start with every piece would let a client that sends single bytes take
 * hours of ours.
 */
export class PartialHead {
  #bytes: Buffer = Buffer.allocUnsafe(0);
  #length = 0;
  #parseAt = 0;
  readonly #tooLong: number;

  /** `maxBytes`: of a head; 0 = no limit. */
  constructor(maxBytes: number) {
    this.#tooLong = maxBytes > 0 ? maxBytes + 1 : Number.POSITIVE_INFINITY;
  }

  /** Takes a copy of the piece. Says whether the head is to be parsed now; true at the first piece. */
  add(piece: Buffer): boolean {
    const before = this.#length;
    this.#keep(piece);
    // Only what has come: behind it lies room for as much again, which would be searched with every piece.
    if (!endsLine(this.bytes, before) && this.#length < this.#parseAt) return false;
    this.#parseAt = Math.min(this.#length * 2, this.#tooLong);
    return true;
  }

  /** All bytes so far. Valid until the next `add`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  #keep(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, length, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }
}

/** Whether an empty line, or an LF without CR, ends in `bytes` at or behind `from`. */
function endsLine(bytes: Buffer, from: number): boolean {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) return true;
    if (at >= 3 && bytes[at - 2] === LF && bytes[at - 3] === CR) return true;
  }
  return false;
}

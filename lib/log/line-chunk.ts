const LF = 10;

/**
 * Lines in one buffer on their way to a file. Encoding each line when it comes costs less than joining them first:
 * a line is a rope of some forty strings, and a long-lived rope is what the garbage collector likes least.
 */
export class LineChunk {
  readonly bytes: Buffer;
  /** Bytes of `bytes` that hold lines. */
  length = 0;
  /** Bytes of them that are written. */
  offset = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Bytes added, LF included; 0 when the line does not fit. */
  add(line: string): number {
    const room = this.bytes.length - this.length - 1;
    // UTF-8 needs at most three bytes for a code unit; counting them is only worth it near the end.
    if (line.length * 3 > room && Buffer.byteLength(line) > room) return 0;
    const start = this.length;
    this.length += this.bytes.write(line, start);
    this.bytes[this.length] = LF;
    this.length += 1;
    return this.length - start;
  }

  /** End of what one write may hold: whole lines up to `limit` bytes, one line at least. */
  endOfPiece(limit: number): number {
    if (this.length - this.offset <= limit) return this.length;
    const last = this.bytes.lastIndexOf(LF, this.offset + limit - 1);
    return (last >= this.offset ? last : this.bytes.indexOf(LF, this.offset)) + 1;
  }

  /** Whether what is written ends with a whole line. */
  atLineStart(): boolean {
    return this.offset === 0 || this.bytes[this.offset - 1] === LF;
  }

  unwrittenLines(): number {
    let lines = 0;
    for (let at = this.offset; at < this.length; at += 1) if (this.bytes[at] === LF) lines += 1;
    return lines;
  }

  reset(): void {
    this.length = 0;
    this.offset = 0;
  }
}

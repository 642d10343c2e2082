import type { DroppedLines } from './dropped-lines.ts';
import { LineChunk } from './line-chunk.ts';

/** Twice what is written at once: the next lines gather behind those being written. */
const CHUNK_BYTES = 128 * 1024;

/** Access log lines on their way to where they are written: bounded, and what does not fit is dropped. */
export class LineQueue {
  readonly #maxBytes: number;
  readonly #dropped: DroppedLines;
  /** The first is being written, the last takes new lines; both may be the same. */
  readonly #chunks: LineChunk[] = [];
  /** One that is written, to be used again. */
  #spare: LineChunk | undefined;
  #bytes = 0;

  /** `maxBytes` may wait, those being written included; lines beyond are counted in `dropped`. */
  constructor(maxBytes: number, dropped: DroppedLines) {
    this.#maxBytes = maxBytes;
    this.#dropped = dropped;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What is to be written next. */
  get head(): LineChunk | undefined {
    return this.#chunks[0];
  }

  /** `line` without LF. False when there is no room: it is counted as dropped. */
  add(line: string): boolean {
    if (this.#bytes + line.length >= this.#maxBytes) {
      this.#dropped.add(1);
      return false;
    }
    let bytes = this.#chunks.at(-1)?.add(line) ?? 0;
    if (bytes === 0) {
      const chunk = this.#nextChunk(Buffer.byteLength(line) + 1);
      this.#chunks.push(chunk);
      bytes = chunk.add(line);
    }
    this.#bytes += bytes;
    return true;
  }

  /** The first `bytes` of `head` are written. */
  wrote(bytes: number): void {
    const head = this.#chunks[0];
    if (head === undefined) return; // abandoned meanwhile
    head.offset += bytes;
    this.#bytes -= bytes;
    if (head.offset < head.length) return;
    head.reset();
    if (this.#chunks.length === 1) return;
    this.#chunks.shift();
    if (head.bytes.length === CHUNK_BYTES) this.#spare = head;
  }

  #nextChunk(bytes: number): LineChunk {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare !== undefined && bytes <= CHUNK_BYTES ? spare : new LineChunk(Math.max(CHUNK_BYTES, bytes));
  }

  /** Gives up what still waits: it counts as dropped. */
  abandon(): void {
    for (const chunk of this.#chunks.splice(0)) this.#dropped.add(chunk.unwrittenLines());
    this.#bytes = 0;
  }
}

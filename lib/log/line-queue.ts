import { LineChunk } from './line-chunk.ts';
import type { LogData, Logger } from './logger.ts';

export interface LineQueueConfig {
  /** Bytes that may wait, those being written included; lines beyond are dropped. */
  readonly maxBytes: number;
  /** How often dropped lines are reported. */
  readonly reportMs: number;
  readonly log: Logger;
  /** Says in the report where the lines were to go. */
  readonly where: LogData;
}

const CHUNK_BYTES = 64 * 1024;

/** Access log lines on their way to where they are written: bounded, and what does not fit is counted and said. */
export class LineQueue {
  readonly #config: LineQueueConfig;
  /** The first is being written, the last takes new lines; both may be the same. */
  readonly #chunks: LineChunk[] = [];
  #bytes = 0;
  #dropped = 0;
  #reported = 0;
  #reportTimer: NodeJS.Timeout | undefined;

  constructor(config: LineQueueConfig) {
    this.#config = config;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lines that were not written and never will be. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What is to be written next. */
  get head(): LineChunk | undefined {
    return this.#chunks[0];
  }

  /** `line` without LF. False when there is no room: it is counted as dropped. */
  add(line: string): boolean {
    if (this.#bytes + line.length >= this.#config.maxBytes) {
      this.drop(1);
      return false;
    }
    let bytes = this.#chunks.at(-1)?.add(line) ?? 0;
    if (bytes === 0) {
      const chunk = new LineChunk(Math.max(CHUNK_BYTES, Buffer.byteLength(line) + 1));
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
    if (this.#chunks.length > 1) this.#chunks.shift();
    else head.reset();
  }

  /** Counts lines that came too late, or found no room elsewhere. */
  drop(lines: number): void {
    this.#dropped += lines;
    this.#reportTimer ??= setTimeout(() => {
      this.#reportTimer = undefined;
      this.#report();
    }, this.#config.reportMs).unref();
  }

  /** Gives up what still waits: it counts as dropped, and all that was is said now. */
  abandon(): void {
    clearTimeout(this.#reportTimer);
    for (const chunk of this.#chunks.splice(0)) this.#dropped += chunk.unwrittenLines();
    this.#bytes = 0;
    this.#report();
  }

  #report(): void {
    const dropped = this.#dropped - this.#reported;
    if (dropped === 0) return;
    this.#reported = this.#dropped;
    const { log, where } = this.#config;
    log.warn('access-log-lines-dropped', { dropped, total: this.#dropped, ...where });
  }
}

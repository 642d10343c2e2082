import { close, write } from 'node:fs';
import { promisify } from 'node:util';
import type { AccessSink } from './access-sink.ts';
import { type AppendFile, openForAppend } from './append-file.ts';
import { DroppedLines } from './dropped-lines.ts';
import { LineQueue } from './line-queue.ts';
import type { Logger } from './logger.ts';

export interface AccessLogConfig {
  /** `access_log.file`. */
  readonly path: string;
  readonly log: Logger;
  /** Bytes that are written at once instead of waiting for `flushMs`. */
  readonly flushBytes?: number;
  readonly flushMs?: number;
  /** Bytes kept for a slow disk, those being written included; lines beyond are dropped. */
  readonly maxBufferedBytes?: number;
  /** How often dropped lines are reported. */
  readonly reportMs?: number;
  /** Pause after a write that failed. */
  readonly retryMs?: number;
}

/** What a pipe takes whole or not at all (PIPE_BUF): writers that share it cannot cut each other's lines. */
const PIPE_ATOMIC_BYTES = 4096;

const closeFile = promisify(close);

/**
 * Appends access log lines to a file that other processes append to as well. Each write(2) holds whole lines only,
 * and with O_APPEND the kernel puts them in one piece at the end, so lines of several workers never mix.
 *
 * The disk is never waited for: one write runs at a time, lines gather meanwhile up to `maxBufferedBytes`, and beyond
 * that whole lines are dropped, counted and reported. A write that fails is made again, so a full disk costs the
 * lines that do not fit in the buffer and no others.
 */
export class AccessLog implements AccessSink {
  readonly #path: string;
  readonly #log: Logger;
  readonly #flushBytes: number;
  readonly #flushMs: number;
  readonly #retryMs: number;
  readonly #dropped: DroppedLines;
  readonly #lines: LineQueue;

  #file: AppendFile | undefined;
  #nextFile: AppendFile | undefined;
  #writing = false;
  #closing: Promise<void> | undefined;
  #failing = false;
  #flushTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #onIdle: (() => void) | undefined;
  #onSwap: (() => void)[] = [];

  constructor(config: AccessLogConfig) {
    this.#path = config.path;
    this.#log = config.log;
    this.#flushBytes = config.flushBytes ?? 64 * 1024;
    this.#flushMs = config.flushMs ?? 200;
    this.#retryMs = config.retryMs ?? 250;
    this.#dropped = new DroppedLines(config.log, { file: config.path }, config.reportMs);
    this.#lines = new LineQueue(config.maxBufferedBytes ?? 4 * 1024 * 1024, this.#dropped);
  }

  /** Lines that were not written and never will be. */
  get dropped(): number {
    return this.#dropped.total;
  }

  /** Rejects with ACCESS_LOG_UNAVAILABLE when the file cannot be opened for appending. */
  async open(): Promise<void> {
    this.#file ??= await openForAppend(this.#path);
  }

  /** `line` without LF. Returns at once, and never throws. */
  append(line: string): void {
    if (this.#closing !== undefined) {
      this.#dropped.add(1);
      return;
    }
    if (!this.#lines.add(line)) return;
    if (!this.#writing && this.#retryTimer === undefined) this.#pumpSoon();
  }

  /**
   * Goes on in a new file at the same path (SIGHUP, after a rename): what was not handed to the kernel yet goes
   * there. Resolves when the old file gets nothing more. When the path cannot be opened, the old file stays.
   */
  async reopen(): Promise<void> {
    if (this.#closing !== undefined || this.#file === undefined) return;
    let next: AppendFile;
    try {
      next = await openForAppend(this.#path);
    } catch (error) {
      this.#log.error('error-creating-accesslog-file', { error });
      return;
    }
    if (this.#closing !== undefined) return closeFile(next.fd);
    const superseded = this.#nextFile;
    this.#nextFile = next;
    if (superseded !== undefined) await closeFile(superseded.fd);
    this.#swapWhenWhole();
    if (this.#nextFile === next) await new Promise<void>((resolve) => this.#onSwap.push(resolve));
  }

  /**
   * Writes what is left, for at most `timeoutMs`, and closes the file. May be called twice; lines appended
   * afterwards count as dropped.
   */
  close(timeoutMs = 5000): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    // Let `#closing` be set first: from here on every write is followed by the next at once.
    await Promise.resolve();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#pump();
    if (this.#lines.bytes > 0 && this.#file !== undefined) await this.#idle(timeoutMs);
    clearTimeout(this.#flushTimer);
    clearTimeout(this.#retryTimer);
    this.#lines.abandon();
    this.#dropped.report();
    for (const resolve of this.#onSwap.splice(0)) resolve();
    if (this.#nextFile !== undefined) await closeFile(this.#nextFile.fd);
    // While a write hangs, its descriptor may not be closed: the number would go to the next file opened.
    if (this.#file !== undefined && !this.#writing) await closeFile(this.#file.fd);
    this.#file = undefined;
  }

  async #idle(timeoutMs: number): Promise<void> {
    let deadline: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      deadline = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(deadline);
  }

  #pumpSoon(): void {
    if (this.#lines.bytes >= this.#flushBytes || this.#closing !== undefined) this.#pump();
    else this.#flushTimer ??= setTimeout(this.#pump, this.#flushMs).unref();
  }

  readonly #pump = (): void => {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const { head } = this.#lines;
    if (this.#writing || this.#retryTimer !== undefined || head === undefined || this.#file === undefined)
      return;
    const { fd, isPipe } = this.#file;
    const end = isPipe ? head.endOfPiece(PIPE_ATOMIC_BYTES) : head.length;
    if (end === head.offset) return;
    this.#writing = true;
    write(fd, head.bytes, head.offset, end - head.offset, null, this.#onWritten);
  };

  readonly #onWritten = (error: NodeJS.ErrnoException | null, written: number): void => {
    this.#writing = false;
    if (error !== null) this.#failed(error);
    else this.#wrote(written);
    this.#swapWhenWhole();
    if (this.#lines.bytes === 0) this.#onIdle?.();
    else if (this.#retryTimer === undefined) this.#pumpSoon();
  };

  #wrote(bytes: number): void {
    if (this.#failing) {
      this.#failing = false;
      this.#log.info('access-log-writer-recovered', { file: this.#path });
    }
    this.#lines.wrote(bytes);
  }

  #failed(error: NodeJS.ErrnoException): void {
    // A full pipe says EAGAIN: slow, not broken.
    if (error.code !== 'EAGAIN' && !this.#failing) {
      this.#failing = true;
      this.#log.error('error-emitting-access-log-to-writer-accesslog', { error, file: this.#path });
    }
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#pump();
    }, this.#retryMs).unref();
  }

  /** Moves on to the reopened file, unless the old one ends within a line, whose rest belongs there. */
  #swapWhenWhole(): void {
    if (this.#nextFile === undefined || this.#writing) return;
    if (this.#lines.head?.atLineStart() === false) return;
    const old = this.#file;
    this.#file = this.#nextFile;
    this.#nextFile = undefined;
    // Nothing can be done about an error here: what was written was reported as written.
    if (old !== undefined) close(old.fd, () => {});
    for (const resolve of this.#onSwap.splice(0)) resolve();
  }
}

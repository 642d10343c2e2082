import type { LogData, Logger } from './logger.ts';

/** Counts access log lines that will never be written, and says so: not each of them, but what came together. */
export class DroppedLines {
  readonly #log: Logger;
  readonly #where: LogData;
  readonly #reportMs: number;
  #total = 0;
  #reported = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `where` says where the lines were to go; a report waits for `reportMs` after the first line that it counts. */
  constructor(log: Logger, where: LogData, reportMs = 10_000) {
    this.#log = log;
    this.#where = where;
    this.#reportMs = reportMs;
  }

  /** Since the start. */
  get total(): number {
    return this.#total;
  }

  add(lines: number): void {
    if (lines === 0) return;
    this.#total += lines;
    this.#timer ??= setTimeout(() => this.report(), this.#reportMs).unref();
  }

  /** Says now what was not said yet. */
  report(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const dropped = this.#total - this.#reported;
    if (dropped === 0) return;
    this.#reported = this.#total;
    this.#log.warn('access-log-lines-dropped', { dropped, total: this.#total, ...this.#where });
  }
}

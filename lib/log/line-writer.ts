import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface LineWriterOptions {
  /** Descriptor to write to; 1 = stdout. */
  readonly fd?: number;
  /** Bytes kept for a reader that does not read; beyond them lines are lost. */
  readonly maxQueuedBytes?: number;
  readonly retryMs?: number;
  /** Called when all that was kept is out again, after `lost` lines could not be kept. */
  readonly onRecovered?: (lost: number) => void;
}

interface Target {
  readonly fd: number;
  /** Whether a write can hang in the kernel, so that it has to happen on another thread. */
  readonly mayHang: boolean;
}

const EXIT_GRACE_MS = 250;
/** For a write that a thread of the pool has taken and not begun: long, unless the machine is very busy. */
const BEGUN_WITHIN_MS = 50;

/**
 * Writes lines to stdout at once, in order and whole, and never throws: the router outlives whoever reads its log.
 *
 * A reader that stops reading must not stop the router, and a plain write to a full pipe would: it blocks the
 * thread. Which descriptor we were given decides how that is avoided:
 * - pipe: opened a second time through /proc, non-blocking. Setting the flag on the descriptor itself would change
 *   it for every process that shares it, and node clears it again whenever it forks.
 * - socket (journald, or a parent that is a node process): cannot be opened again, so the write is made on node's
 *   thread pool, one at a time. Should the reader hang for good, exit waits for that thread.
 * - file, terminal: written directly.
 * What does not go out at once waits in a bounded queue; beyond it, lines are lost and counted.
 */
export class LineWriter {
  readonly #fd: number;
  readonly #maxQueuedBytes: number;
  readonly #retryMs: number;
  readonly #onRecovered: (lost: number) => void;
  readonly #flushAtExit = (): void => this.#flushLast();
  readonly #queue: Buffer[] = [];
  #queuedBytes = 0;
  #target: Target | undefined;
  #writing = false;
  #retry: NodeJS.Timeout | undefined;
  #watchingExit = false;
  #lost = 0;
  /** Lost lines that `onRecovered` was told of. */
  #recovered = 0;
  /** The first bytes of the line at the head of the queue are out. */
  #headCut = false;
  /** A line was cut by an error: the next begins on a line of its own. */
  #torn = false;

  constructor(options: LineWriterOptions = {}) {
    this.#fd = options.fd ?? 1;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? 1 << 20;
    this.#retryMs = options.retryMs ?? 50;
    this.#onRecovered = options.onRecovered ?? (() => {});
  }

  /** Lines lost since the start. */
  get lostInAll(): number {
    return this.#recovered + this.#lost;
  }

  /** Lines lost since `onRecovered` was last called. */
  get lost(): number {
    return this.#lost;
  }

  /** `line` ends in LF. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#queue.length > 0 && this.#queuedBytes + bytes.length > this.#maxQueuedBytes) {
      this.#lost += 1;
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#retry === undefined) this.#drain();
  }

  /**
   * Resolves when all is out, or after 250 ms without a reader. To be awaited where a process ends in order: at its
   * exit nobody can tell any more whether a write on the thread pool is done.
   */
  async flushed(): Promise<void> {
    const deadline = performance.now() + EXIT_GRACE_MS;
    while (this.#queue.length > 0 && performance.now() < deadline) await pause(1);
  }

  #drain(): void {
    this.#target ??= openTarget(this.#fd);
    if (this.#target.mayHang) this.#drainOnThreadPool(this.#target.fd);
    else this.#drainNow(this.#target.fd);
    if (this.#queue.length > 0 && !this.#watchingExit) {
      this.#watchingExit = true;
      process.once('exit', this.#flushAtExit);
    }
  }

  #drainNow(fd: number): void {
    while (this.#queue.length > 0) {
      try {
        this.#wrote(writeSync(fd, this.#head()));
      } catch (error) {
        if (!this.#failed(error)) return;
      }
    }
  }

  #drainOnThreadPool(fd: number): void {
    if (this.#writing || this.#queue.length === 0) return;
    this.#writing = true;
    const bytes = this.#head();
    write(fd, bytes, 0, bytes.length, null, (error, written) => {
      this.#writing = false;
      if (error === null) this.#wrote(written);
      else if (!this.#failed(error)) return;
      this.#drainOnThreadPool(fd);
    });
  }

  #head(): Buffer {
    if (this.#torn) {
      this.#torn = false;
      this.#queue.unshift(Buffer.from('\n'));
      this.#queuedBytes += 1;
    }
    return this.#queue[0]!;
  }

  #wrote(bytes: number): void {
    const head = this.#queue[0]!;
    this.#queuedBytes -= bytes;
    if (bytes < head.length) {
      this.#queue[0] = head.subarray(bytes);
      this.#headCut = true;
      return;
    }
    this.#queue.shift();
    this.#headCut = false;
    if (this.#lost === 0 || this.#queue.length > 0) return;
    const lost = this.#lost;
    this.#lost = 0;
    this.#recovered += lost;
    this.#onRecovered(lost);
  }

  /** Whether to go on with the next line; false = wait for the reader. */
  #failed(error: unknown): boolean {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') {
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.#drain();
      }, this.#retryMs);
      this.#retry.unref();
      return false;
    }
    // EPIPE, ENOSPC, EIO, EBADF: nobody can be told here. The line is lost, and counted; the next is tried
    // again, because a disk gets room and a named pipe gets a new reader.
    const head = this.#queue.shift();
    this.#queuedBytes -= head?.length ?? 0;
    this.#torn = this.#headCut;
    this.#headCut = false;
    this.#lost += 1;
    return true;
  }

  /** The last lines say why the process ends: worth a short wait for a reader that is merely slow. */
  #flushLast(): void {
    if (this.#target === undefined || this.#queue.length === 0) return;
    const wait = new Int32Array(new SharedArrayBuffer(4));
    if (this.#target.mayHang) {
      const rest = this.#writing ? this.#queue.slice(1) : this.#queue;
      // Two threads of the pool would write, and the later lines could come first.
      if (this.#writing && rest.length > 0) Atomics.wait(wait, 0, 0, BEGUN_WITHIN_MS);
      // The thread pool finishes what it was given before the process goes.
      if (rest.length > 0) write(this.#target.fd, Buffer.concat(rest), () => {});
      return;
    }
    const deadline = performance.now() + EXIT_GRACE_MS;
    do {
      clearTimeout(this.#retry);
      this.#drainNow(this.#target.fd);
      if (this.#queue.length > 0) Atomics.wait(wait, 0, 0, 10);
    } while (this.#queue.length > 0 && performance.now() < deadline);
  }
}

function openTarget(fd: number): Target {
  try {
    const stat = fstatSync(fd);
    if (stat.isSocket()) return { fd, mayHang: true };
    if (stat.isFIFO()) {
      const path = `/proc/self/fd/${fd}`;
      const again = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
      if (fstatSync(again).ino === stat.ino) return { fd: again, mayHang: false };
      closeSync(again);
    }
  } catch {
    // No /proc, no reader, or stdout closed: the descriptor itself will say so, line by line.
  }
  return { fd, mayHang: false };
}

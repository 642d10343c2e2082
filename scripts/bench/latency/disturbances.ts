import type { CoreWatch } from './core-watch.ts';

/** Notes for each window of a load how long the machine held up the generator, or took the proxy's core. */
export class Disturbances {
  readonly heldUpMs: Float64Array;
  readonly takenMs: Float64Array;
  readonly #watch: Pick<CoreWatch, 'taken'>;
  readonly #windowMs: number;
  /** The window that the last look was in; negative = what comes before does not count. */
  #window: number;
  #lastMs: number;

  /** The first window begins at 0, and looks before that do not count. */
  constructor(watch: Pick<CoreWatch, 'taken'>, windows: number, windowMs: number, firstLookMs: number) {
    this.heldUpMs = new Float64Array(windows);
    this.takenMs = new Float64Array(windows);
    this.#watch = watch;
    this.#windowMs = windowMs;
    this.#window = Math.floor(firstLookMs / windowMs);
    this.#lastMs = firstLookMs;
  }

  /** To be called whenever the generator looks at its sockets. */
  look(nowMs: number): void {
    const window = Math.floor(nowMs / this.#windowMs);
    const sinceMs = nowMs - this.#lastMs;
    const last = Math.min(window, this.heldUpMs.length - 1);
    for (let n = Math.max(0, this.#window); n <= last; n += 1) {
      if (sinceMs > (this.heldUpMs[n] ?? 0)) this.heldUpMs[n] = sinceMs;
    }
    if (window > this.#window) {
      // All that this look jumped over share what is found.
      const taken = this.#watch.taken();
      const end = Math.min(window, this.takenMs.length);
      for (let n = Math.max(0, this.#window); n < end; n += 1) this.takenMs[n] = taken;
      this.#window = window;
    }
    this.#lastMs = nowMs;
  }
}

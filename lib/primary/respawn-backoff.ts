/** A worker that lived this long started well: its death begins a new count. */
const SETTLED_MS = 10_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

/**
 * When a dead worker's place is filled again: at once after a first death, then after a pause that doubles with
 * each death of a worker that did not live long, up to 30 s, spread by jitter so that several places do not
 * start in step.
 */
export class RespawnBackoff {
  readonly #random: () => number;
  #quickDeaths = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Deaths in a row of workers that had not settled. */
  get quickDeaths(): number {
    return this.#quickDeaths;
  }

  /** Ms to wait before the next start, after a worker that lived for `livedMs`. */
  delayMs(livedMs: number): number {
    if (livedMs >= SETTLED_MS) {
      this.#quickDeaths = 0;
      return 0;
    }
    this.#quickDeaths += 1;
    if (this.#quickDeaths === 1) return 0;
    const full = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#quickDeaths - 2));
    return full * (0.5 + this.#random() / 2);
  }
}

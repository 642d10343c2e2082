/** How many a peer may send at once, and how many a second for long. */
const BURST = 1_000;
const PER_SECOND = 100;

/**
 * Counts what costs a peer nothing and us something: PING and SETTINGS frames, streams that break the rules. A bucket
 * that leaks, so that a long connection may have as many as it likes over its days.
 */
export class Nuisance {
  #level = 0;
  #at = 0;

  /** Counts one at `now` (performance.now()). True when that is too many. */
  add(now: number): boolean {
    this.#level = Math.max(0, this.#level - ((now - this.#at) / 1_000) * PER_SECOND) + 1;
    this.#at = now;
    return this.#level > BURST;
  }
}

const WINDOWS_MS = [60_000, 300_000, 900_000] as const;

/**
 * Events per second over the last 1, 5 and 15 minutes, as exponentially weighted averages: what Unix calls load,
 * for requests.
 */
export class Rates {
  readonly #perSecond: [number, number, number] = [0, 0, 0];
  #count = 0;
  #atMs: number | undefined;
  #hasRates = false;

  /** `count` = events since the start, `nowMs` = any clock that does not go back. Call every few seconds. */
  tick(count: number, nowMs: number): void {
    if (this.#atMs === undefined) {
      this.#atMs = nowMs;
      this.#count = count;
      return;
    }
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs <= 0) return;
    const current = (Math.max(0, count - this.#count) * 1000) / elapsedMs;
    WINDOWS_MS.forEach((windowMs, i) => {
      // The first interval is all there is to go by; averaged with the nothing before it, it would mislead.
      const weight = this.#hasRates ? 1 - Math.exp(-elapsedMs / windowMs) : 1;
      this.#perSecond[i]! += weight * (current - this.#perSecond[i]!);
    });
    this.#hasRates = true;
    this.#atMs = nowMs;
    this.#count = count;
  }

  /** Over 1, 5 and 15 minutes. */
  perSecond(): readonly [number, number, number] {
    return [...this.#perSecond];
  }
}

/** A connection that ends sooner than this was not too long idle: its endpoint was restarted, rather. */
const SHORTEST_MS = 1_000;
/** Closes of one moment are one event. */
const APART_MS = 1_000;
/** Two idle times that differ by less speak of one limit. */
const ALIKE = 1.1;
/** Of the time that an endpoint was seen to wait: so that our reuse and its close do not cross on the wire. */
const SHARE = 0.8;
const REMEMBERED_MS = 600_000;
const MOST_ENDPOINTS = 10_000;

interface Observation {
  readonly idleMs: number;
  readonly at: number;
  /** Undefined until a second close says the same. */
  readonly limitMs: number | undefined;
}

/**
 * How long endpoints keep idle connections that do not say it (`Keep-Alive: timeout` does, for its own connection):
 * learnt from the times after which they closed them, and forgotten after some minutes, since endpoints change. All
 * times in ms, those of a moment by performance.now().
 */
export class IdleLimits {
  readonly #longestMs: number;
  readonly #observed = new Map<string, Observation>();

  /** `longestMs`: the limit of an endpoint of which nothing is known. */
  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  of(key: string, now: number): number {
    const observation = this.#observed.get(key);
    if (observation?.limitMs === undefined) return this.#longestMs;
    if (now - observation.at <= REMEMBERED_MS) return observation.limitMs;
    this.#observed.delete(key);
    return this.#longestMs;
  }

  /** The endpoint closed a connection that had been idle for that long. */
  closed(key: string, idleMs: number, now: number): void {
    if (idleMs < SHORTEST_MS) return;
    const before = this.#observed.get(key);
    if (before !== undefined && now - before.at < APART_MS) return;
    const ratio = before === undefined ? 0 : idleMs / before.idleMs;
    const alike = ratio < ALIKE && ratio > 1 / ALIKE;
    const limitMs = alike ? Math.min(this.#longestMs, SHARE * Math.min(idleMs, before!.idleMs)) : undefined;
    this.#observed.delete(key); // the newest are last
    this.#observed.set(key, { idleMs, at: now, limitMs });
    if (this.#observed.size <= MOST_ENDPOINTS) return;
    const [oldest] = this.#observed.keys();
    this.#observed.delete(oldest!);
  }
}

/**
 * Hands out one object for equal values, so that a table of 100,000 endpoints holds a value that all of them
 * repeat only once. Bounded: when it is full it begins anew, which costs memory, never correctness.
 */
export class SharedValues<T> {
  readonly #values = new Map<string, T>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value first seen under `key`; `value` itself when there is none yet. */
  share(key: string, value: T): T {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    // Not the oldest one alone: a Map that loses its first entry again and again is slow to find the next.
    if (this.#values.size >= this.#limit) this.#values.clear();
    this.#values.set(key, value);
    return value;
  }
}

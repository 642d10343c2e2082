/**
 * Hands out one object for equal values, so that a table of 100,000 endpoints holds a value that all of them
 * repeat only once. Bounded: the oldest entry goes first, and losing one costs memory, never correctness.
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
    if (this.#values.size >= this.#limit) {
      for (const oldest of this.#values.keys()) {
        this.#values.delete(oldest);
        break;
      }
    }
    this.#values.set(key, value);
    return value;
  }
}

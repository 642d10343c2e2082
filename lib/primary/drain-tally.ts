/** Sums up what the workers say they have to drain, and tells once all have said it or are gone. */
export class DrainTally {
  readonly #waiting: Set<number>;
  readonly #tell: (active: number, idle: number) => void;
  #active = 0;
  #idle = 0;

  constructor(workers: Iterable<number>, tell: (active: number, idle: number) => void) {
    this.#waiting = new Set(workers);
    this.#tell = tell;
  }

  /** What worker `id` has; nothing when it is gone. */
  add(id: number, active = 0, idle = 0): void {
    if (!this.#waiting.delete(id)) return;
    this.#active += active;
    this.#idle += idle;
    if (this.#waiting.size === 0) this.#tell(this.#active, this.#idle);
  }
}

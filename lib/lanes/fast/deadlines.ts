/** Something that may not take for ever. */
export interface Timed {
  /** performance.now() after which `overdue` is called; Infinity = never. */
  deadline: number;
  overdue(now: number): void;
}

/** The finest and the coarsest step of the clock that is looked at. */
const FINEST_MS = 10;
const COARSEST_MS = 1_000;

/**
 * One timer for all connections of a worker: a limit is checked a few times within its length and may be overstepped
 * by a quarter. A timer of its own for each request costs more than the request's whole parsing; walking 10,000
 * connections costs about 50 us.
 */
export class Deadlines {
  readonly #timed = new Set<Timed>();
  readonly #stepMs: number;
  readonly #onTick: (now: number) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `limits`: the lengths in use, ms; 0 or less = not limited. `onTick` is called with each step. */
  constructor(limits: readonly number[], onTick: (now: number) => void) {
    const shortest = Math.min(...limits.filter((ms) => ms > 0), COARSEST_MS * 4);
    this.#stepMs = Math.max(FINEST_MS, Math.min(COARSEST_MS, shortest / 4));
    this.#onTick = onTick;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#stepMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  add(timed: Timed): void {
    this.#timed.add(timed);
  }

  remove(timed: Timed): void {
    this.#timed.delete(timed);
  }

  #tick(): void {
    const now = performance.now();
    this.#onTick(now);
    for (const timed of this.#timed) if (timed.deadline <= now) timed.overdue(now);
  }
}

/** Lets one event of each kind through per second and counts the others, so that a flood is one line a second. */
export class OncePerSecond {
  readonly #nowMs: () => number;
  readonly #kinds = new Map<string, { admittedAtMs: number; held: number }>();

  /** `nowMs` must never go back. Kinds are kept for good: they have to come from a fixed set. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How many of the kind were held back since the last one admitted; undefined when this one is held back. */
  admit(kind: string): number | undefined {
    const nowMs = this.#nowMs();
    const known = this.#kinds.get(kind);
    if (known === undefined) {
      this.#kinds.set(kind, { admittedAtMs: nowMs, held: 0 });
      return 0;
    }
    if (nowMs - known.admittedAtMs < 1000) {
      known.held += 1;
      return undefined;
    }
    const { held } = known;
    known.admittedAtMs = nowMs;
    known.held = 0;
    return held;
  }
}

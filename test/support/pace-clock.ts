import type { BodyRate } from '../../lib/lanes/body-rate.ts';

/** A clock for the pace of bodies that stands still unless the test says so: a busy machine is no slow client then. */
export class PaceClock {
  #now = 0;
  readonly #looks = new Set<{
    readonly everyMs: number;
    readonly look: (now: number) => void;
    nextAt: number;
  }>();

  readonly clock: NonNullable<BodyRate['clock']> = (everyMs, look) => {
    const entry = { everyMs, look, nextAt: this.#now + everyMs };
    this.#looks.add(entry);
    return () => this.#looks.delete(entry);
  };

  /** Lets `ms` go by, with all the looks that are due. */
  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = [...this.#looks].sort((a, b) => a.nextAt - b.nextAt)[0];
      if (next === undefined || next.nextAt > until) break;
      this.#now = next.nextAt;
      next.nextAt += next.everyMs;
      next.look(this.#now);
    }
    this.#now = until;
  }
}

import type { WorkerStats } from '../ipc/messages.ts';
import { addCounters, type CounterValues, zeroCounters } from '../request/counters.ts';
import { LatestBySource } from './latest-by-source.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** What all workers counted, those included that are no more. */
export class WorkerFigures {
  readonly #slots: readonly WorkerSlot[];
  readonly #buried: CounterValues = zeroCounters();
  readonly #sources = new LatestBySource();
  #deaths = 0;

  constructor(slots: readonly WorkerSlot[]) {
    this.#slots = slots;
  }

  /** Workers that ended although nobody had told them to. */
  get deaths(): number {
    return this.#deaths;
  }

  /** Seconds that the latest request of each app took. */
  get sources(): ReadonlyMap<string, number> {
    return this.#sources.values;
  }

  counters(): CounterValues {
    const total = zeroCounters();
    addCounters(total, this.#buried);
    for (const slot of this.#slots) if (slot.stats !== undefined) addCounters(total, slot.stats.counters);
    return total;
  }

  /** A worker's figures, which its slot has. */
  heard({ sources }: WorkerStats): void {
    if (sources !== undefined) this.#sources.add(sources);
  }

  /** The last figures of a worker that is gone. */
  bury({ counters }: WorkerStats): void {
    addCounters(this.#buried, counters);
  }

  died(): void {
    this.#deaths += 1;
  }
}

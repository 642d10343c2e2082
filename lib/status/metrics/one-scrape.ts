import type { PrimaryFigures, WorkerView } from '../sources.ts';
import type { MetricSources, RegistryFigures } from './sources.ts';

/**
 * The sources as they were when a scrape began: each metric asks for the figures, and the sum over all workers is not
 * made for each of them anew.
 */
export class OneScrape implements MetricSources {
  readonly #live: MetricSources;
  #figures: PrimaryFigures | undefined;
  #workers: readonly WorkerView[] | undefined;

  constructor(live: MetricSources) {
    this.#live = live;
  }

  begin(): void {
    this.#figures = undefined;
    this.#workers = undefined;
  }

  figures(): PrimaryFigures {
    this.#figures ??= this.#live.figures();
    return this.#figures;
  }

  workers(): readonly WorkerView[] {
    this.#workers ??= this.#live.workers();
    return this.#workers;
  }

  healthy(): boolean {
    return this.#live.healthy();
  }

  registry(): RegistryFigures {
    return this.#live.registry();
  }

  hashPools(): Iterable<readonly [string, number]> {
    return this.#live.hashPools();
  }

  latestBySource(): ReadonlyMap<string, number> {
    return this.#live.latestBySource();
  }

  workerDeaths(): number {
    return this.#live.workerDeaths();
  }

  resyncs(): number {
    return this.#live.resyncs();
  }

  logLinesLost(): number {
    return this.#live.logLinesLost();
  }
}

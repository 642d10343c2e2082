import type { WorkerStats } from '../ipc/messages.ts';
import { LoopDelay } from '../loop-delay.ts';
import { type Counters, copyCounters } from '../request/counters.ts';
import { clearTraffic, copyTraffic } from '../request/traffic.ts';

/** What the figures are taken from. */
export interface StatsSource {
  readonly counters: Counters;
  figures(): Omit<
    WorkerStats,
    'counters' | 'sources' | 'traffic' | 'rss' | 'heapUsed' | 'cpuMs' | 'loopDelayMaxMs'
  >;
}

const EVERY_MS = 1_000;

/** Tells the primary this worker's figures once a second, when any request or connection changed them. */
export class StatsReporter {
  readonly #source: StatsSource;
  readonly #send: (stats: WorkerStats) => boolean;
  readonly #loopDelay = new LoopDelay();
  #timer: NodeJS.Timeout | undefined;
  #said = '';
  #memory = { rss: 0, heapUsed: 0 };

  /** `send` says whether it could. */
  constructor(source: StatsSource, send: (stats: WorkerStats) => boolean) {
    this.#source = source;
    this.#send = send;
  }

  start(): void {
    this.#loopDelay.start();
    this.#timer ??= setInterval(() => this.report(), EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#loopDelay.stop();
  }

  /** Sends now, unless nothing happened since. */
  report(): void {
    const { counters } = this.#source;
    counters.timeLookup = true;
    const figures = this.#source.figures();
    const fact = `${counters.requests} ${counters.connectionsOpened} ${counters.connectionsClosed} ${counters.attempts} ${JSON.stringify(figures)}`;
    if (fact === this.#said) return;
    const cpu = process.cpuUsage();
    const { sources, traffic } = counters;
    const sent = this.#send({
      counters: copyCounters(counters),
      ...(sources === undefined ? {} : { sources: new Map(sources) }),
      ...(traffic === undefined ? {} : { traffic: copyTraffic(traffic) }),
      ...figures,
      ...this.#memoryNow(),
      cpuMs: Math.round((cpu.user + cpu.system) / 1000),
      loopDelayMaxMs: this.#loopDelay.takeMaxMs(),
    });
    if (!sent) return;
    this.#said = fact;
    sources?.clear();
    if (traffic !== undefined) clearTraffic(traffic);
  }

  #memoryNow(): { readonly rss: number; readonly heapUsed: number } {
    try {
      const { rss, heapUsed } = process.memoryUsage();
      this.#memory = { rss, heapUsed };
    } catch {
      // It reads a file, and all descriptors may be taken: the figures before stand.
    }
    return this.#memory;
  }
}

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
/** So often at least: who says nothing for longer is stuck. */
const SILENT_MS = 10_000;

/** Tells the primary this worker's figures once a second when any request or connection changed them, else every 10 s. */
export class StatsReporter {
  readonly #source: StatsSource;
  readonly #send: (stats: WorkerStats) => boolean;
  readonly #loopDelay = new LoopDelay();
  #timer: NodeJS.Timeout | undefined;
  readonly #now: () => number;
  #said = '';
  #saidAt = Number.NEGATIVE_INFINITY;
  #memory = { rss: 0, heapUsed: 0 };

  /** `send` says whether it could. `now` in ms, of a clock that does not go back. */
  constructor(source: StatsSource, send: (stats: WorkerStats) => boolean, now = () => performance.now()) {
    this.#source = source;
    this.#send = send;
    this.#now = now;
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

  /** Sends now, unless nothing happened since a moment ago. */
  report(): void {
    const { counters } = this.#source;
    counters.timeLookup = true;
    const figures = this.#source.figures();
    const fact = `${counters.requests} ${counters.connectionsOpened} ${counters.connectionsClosed} ${counters.attempts} ${JSON.stringify(figures)}`;
    const now = this.#now();
    if (fact === this.#said && now - this.#saidAt < SILENT_MS) return;
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
    this.#saidAt = now;
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

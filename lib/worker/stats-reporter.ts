import type { WorkerStats } from '../ipc/messages.ts';
import { LoopDelay } from '../loop-delay.ts';
import type { CounterValues } from '../request/counters.ts';

/** What the figures are taken from. */
export interface StatsSource {
  readonly counters: CounterValues;
  figures(): Omit<WorkerStats, 'counters' | 'rss' | 'heapUsed' | 'cpuMs' | 'loopDelayMaxMs'>;
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
    const counters = { ...this.#source.counters, latency: this.#source.counters.latency.slice() };
    const figures = this.#source.figures();
    const fact = `${counters.requests} ${counters.connectionsOpened} ${counters.connectionsClosed} ${counters.attempts} ${JSON.stringify(figures)}`;
    if (fact === this.#said) return;
    const cpu = process.cpuUsage();
    const sent = this.#send({
      counters,
      ...figures,
      ...this.#memoryNow(),
      cpuMs: Math.round((cpu.user + cpu.system) / 1000),
      loopDelayMaxMs: this.#loopDelay.takeMaxMs(),
    });
    if (sent) this.#said = fact;
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

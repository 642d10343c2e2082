import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { WorkerStats } from '../ipc/messages.ts';
import type { CounterValues } from '../request/counters.ts';

/** What the figures are taken from. */
export interface StatsSource {
  readonly counters: CounterValues;
  figures(): Omit<WorkerStats, 'counters' | 'rss' | 'heapUsed' | 'cpuMs' | 'loopDelayMaxMs'>;
}

const EVERY_MS = 1_000;
const LOOP_RESOLUTION_MS = 20;

/** Tells the primary this worker's figures once a second, when any request or connection changed them. */
export class StatsReporter {
  readonly #source: StatsSource;
  readonly #send: (stats: WorkerStats) => void;
  #timer: NodeJS.Timeout | undefined;
  #loop: ReturnType<typeof monitorEventLoopDelay> | undefined;
  #said = '';

  constructor(source: StatsSource, send: (stats: WorkerStats) => void) {
    this.#source = source;
    this.#send = send;
  }

  start(): void {
    this.#loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
    this.#loop.enable();
    this.#timer ??= setInterval(() => this.report(), EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#loop?.disable();
  }

  /** Sends now, unless nothing happened since. */
  report(): void {
    const counters = { ...this.#source.counters, latency: this.#source.counters.latency.slice() };
    const figures = this.#source.figures();
    const fact = `${counters.requests} ${counters.connectionsOpened} ${counters.connectionsClosed} ${counters.attempts} ${JSON.stringify(figures)}`;
    if (fact === this.#said) return;
    this.#said = fact;
    const cpu = process.cpuUsage();
    const memory = process.memoryUsage();
    const delay = this.#loop;
    this.#send({
      counters,
      ...figures,
      rss: memory.rss,
      heapUsed: memory.heapUsed,
      cpuMs: Math.round((cpu.user + cpu.system) / 1000),
      loopDelayMaxMs: delay === undefined ? 0 : Math.max(0, Math.round(delay.max / 1e6) - LOOP_RESOLUTION_MS),
    });
    delay?.reset();
  }
}

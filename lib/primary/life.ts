import type { Logger } from '../log/logger.ts';
import { type DrainTimes, type StopSignal, stopStep } from './drain-plan.ts';

export interface LifeDeps {
  readonly drainTimes: DrainTimes;
  readonly logger: Logger;
  /** Unix ms. */
  readonly now: () => number;
  /** Resolves after `ms`, or at once when aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly workers: {
    readonly listening: number;
    drain(timeoutMs: number): Promise<void>;
    cut(): void;
  };
  /** The router became healthy, or ceased to be. */
  readonly onHealth: (healthy: boolean) => void;
  /** Stops everything but the workers, which are gone by then. */
  readonly finish: () => Promise<void>;
  readonly exit: (code: number) => void;
}

export type Phase = 'starting' | 'serving' | 'draining';

/** The router's life from start to exit: whether it is healthy, and what a signal does to it. */
export class Life {
  readonly #deps: LifeDeps;
  readonly #startAborted = new AbortController();
  readonly #waitAborted = new AbortController();
  #phase: Phase = 'starting';
  #healthy = false;

  constructor(deps: LifeDeps) {
    this.#deps = deps;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Serving, and at least one worker listens. */
  get healthy(): boolean {
    return this.#healthy;
  }

  /** Aborted when a signal ends the router before it serves. */
  get startAborted(): AbortSignal {
    return this.#startAborted.signal;
  }

  /** The start is over. */
  serving(): void {
    if (this.#phase === 'starting') this.#phase = 'serving';
    this.workersChanged();
  }

  /** The number of listening workers may have changed. */
  workersChanged(): void {
    const healthy = this.#phase === 'serving' && this.#deps.workers.listening > 0;
    if (healthy === this.#healthy) return;
    this.#healthy = healthy;
    this.#deps.onHealth(healthy);
  }

  /** Resolves when the router has done what the signal asks for; after a drain that is the process's end. */
  async signalled(signal: StopSignal): Promise<void> {
    const { logger, workers } = this.#deps;
    if (this.#phase === 'starting') {
      this.#phase = 'draining';
      this.#startAborted.abort();
      await workers.drain(0);
      await this.#end();
      return;
    }
    const plan = stopStep(signal, this.#phase === 'draining', this.#deps.drainTimes);
    switch (plan.step) {
      case 'ignore':
        logger.info('gorouter.signal.ignored', { signal: SIGNAL_NAMES[signal] });
        return;
      case 'cut':
        logger.info('gorouter.cut', { signal: SIGNAL_NAMES[signal] });
        this.#waitAborted.abort();
        workers.cut();
        return;
      case 'drain':
        await this.#drain(plan.waitMs, plan.timeoutMs);
    }
  }

  async #drain(waitMs: number, timeoutMs: number): Promise<void> {
    const { logger, workers, pause } = this.#deps;
    this.#phase = 'draining';
    this.workersChanged();
    logger.info('gorouter-draining', { wait_seconds: waitMs / 1000, timeout_seconds: timeoutMs / 1000 });
    if (waitMs > 0) await pause(waitMs, this.#waitAborted.signal);
    await workers.drain(timeoutMs);
    await this.#end();
  }

  async #end(): Promise<void> {
    const { logger, now, finish, exit } = this.#deps;
    const beganMs = now();
    logger.info('gorouter.stopping');
    await finish();
    logger.info('gorouter.stopped', { took: Math.round((now() - beganMs) * 1e6) });
    logger.info('gorouter.exited');
    exit(0);
  }
}

/** As Go spells them. */
const SIGNAL_NAMES: Readonly<Record<StopSignal, string>> = {
  SIGTERM: 'terminated',
  SIGINT: 'interrupt',
  SIGUSR1: 'user defined signal 1',
};

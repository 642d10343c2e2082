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
  /** Stop everything but the workers, which are gone by then; called in this order. */
  readonly finish: readonly (() => unknown)[];
  readonly exit: (code: number) => void;
}

export type Phase = 'starting' | 'serving' | 'draining' | 'finishing';

/** For a bus or store that does not answer: what it has to say is not worth more. */
const FINISH_WITHIN_MS = 15_000;

/** The router's life from start to exit: whether it is healthy, and what a signal does to it. */
export class Life {
  readonly #deps: LifeDeps;
  readonly #startAborted = new AbortController();
  readonly #cut = new AbortController();
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
    const { logger, workers, exit, drainTimes } = this.#deps;
    if (this.#phase === 'starting') {
      this.#startAborted.abort();
      await this.#stop(0, 0);
      return;
    }
    const plan = stopStep(signal, this.#phase !== 'serving', drainTimes);
    switch (plan.step) {
      case 'ignore':
        logger.info('gorouter.signal.ignored', { signal: SIGNAL_NAMES[signal] });
        return;
      case 'cut':
        logger.info('gorouter.cut', { signal: SIGNAL_NAMES[signal] });
        if (this.#phase === 'finishing') exit(0);
        this.#cut.abort();
        workers.cut();
        return;
      case 'drain':
        if (signal === 'SIGUSR1') {
          logger.info('gorouter-draining', {
            wait_seconds: plan.waitMs / 1000,
            timeout_seconds: plan.timeoutMs / 1000,
          });
        }
        await this.#stop(plan.waitMs, plan.timeoutMs);
    }
  }

  async #stop(waitMs: number, timeoutMs: number): Promise<void> {
    const { workers, pause } = this.#deps;
    this.#phase = 'draining';
    this.workersChanged();
    if (waitMs > 0) await pause(waitMs, this.#cut.signal);
    await workers.drain(this.#cut.signal.aborted ? 0 : timeoutMs);
    await this.#end();
  }

  async #end(): Promise<void> {
    const { logger, now, pause, exit } = this.#deps;
    const beganMs = now();
    this.#phase = 'finishing';
    logger.info('gorouter.stopping');
    const finished = new AbortController();
    await Promise.race([
      this.#finish().finally(() => finished.abort()),
      pause(FINISH_WITHIN_MS, finished.signal),
    ]);
    logger.info('gorouter.stopped', { took: Math.round((now() - beganMs) * 1e6) });
    logger.info('gorouter.exited');
    exit(0);
  }

  async #finish(): Promise<void> {
    for (const step of this.#deps.finish) {
      try {
        await step();
      } catch (error) {
        // The others have their last words to say, too.
        this.#deps.logger.warn('stop-incomplete', { error });
      }
    }
  }
}

/** As Go spells them. */
const SIGNAL_NAMES: Readonly<Record<StopSignal, string>> = {
  SIGTERM: 'terminated',
  SIGINT: 'interrupt',
  SIGUSR1: 'user defined signal 1',
};

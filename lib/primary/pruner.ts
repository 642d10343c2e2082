import type { Logger } from '../log/logger.ts';
import type { Registry } from './registry.ts';

export interface PrunerDeps {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly now: () => number;
  /** Interval of the cycles; 0 or less = never. */
  readonly everyMs: number;
  /** The register interval: how long after the bus came back every emitter must have been heard. */
  readonly registerIntervalMs: number;
  /** false: gorouter's binary default, which goes on pruning while nobody can be heard. */
  readonly pauseWithoutBus: boolean;
}

/**
 * Runs the prune cycles, but not while the bus is away: silence then says nothing about an endpoint. When it is
 * back every endpoint counts as heard from, and gets one register interval more.
 */
export class Pruner {
  readonly #deps: PrunerDeps;
  #timer: NodeJS.Timeout | undefined;
  #busAway = true;
  #resumeAtMs = 0;

  constructor(deps: PrunerDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#deps.everyMs > 0) this.#timer ??= setInterval(() => this.cycle(), this.#deps.everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  busLost(): void {
    this.#busAway = true;
  }

  busRegained(): void {
    this.#busAway = false;
    if (!this.#deps.pauseWithoutBus) return;
    const now = this.#deps.now();
    this.#resumeAtMs = now + this.#deps.registerIntervalMs;
    this.#deps.logger.debug('prune-unsuspended-refresh-routes-start');
    this.#deps.registry.refreshAll(now);
    this.#deps.logger.debug('prune-unsuspended-refresh-routes-complete');
  }

  cycle(): void {
    const now = this.#deps.now();
    if (this.#deps.pauseWithoutBus && (this.#busAway || now < this.#resumeAtMs)) {
      this.#deps.logger.info('prune-suspended');
      return;
    }
    this.#deps.registry.prune(now);
  }
}

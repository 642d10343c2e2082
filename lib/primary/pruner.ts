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

/** A cycle that comes later than this was held up with all else in this process, the heartbeats it should have heard too. */
const LATE_MS = 5_000;

/**
 * Runs the prune cycles, but not while the bus is away: silence then says nothing about an endpoint. When it is
 * back every endpoint counts as heard from, and gets one register interval more. The same when this process was the one
 * that could not hear: it was stopped, its host slept, or its clock was set.
 */
export class Pruner {
  readonly #deps: PrunerDeps;
  #timer: NodeJS.Timeout | undefined;
  #busAway = true;
  #resumeAtMs = 0;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(deps: PrunerDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#deps.everyMs > 0) this.#timer ??= setInterval(() => this.due(), this.#deps.everyMs);
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

  /** Time for a cycle, if nothing held it up. */
  due(): void {
    const { now, everyMs, logger, registry } = this.#deps;
    const nowMs = now();
    const lateMs = nowMs - this.#dueMs;
    this.#dueMs = nowMs + everyMs;
    if (lateMs < LATE_MS) {
      this.cycle();
      return;
    }
    // Timers come before the sockets in a turn: what was said meanwhile is still unread.
    registry.refreshAll(nowMs);
    logger.warn('prune-held-up', { late_ms: lateMs });
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

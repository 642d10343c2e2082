import { timerMs } from '../config/duration.ts';

export interface OrphanhoodDeps {
  /** How long to go on serving without a primary. */
  readonly graceMs: number;
  readonly drainTimeoutMs: number;
  readonly end: (timeoutMs: number) => void;
}

/**
 * A signal that came this shortly before the primary's end was meant for what is left. The one that then comes this
 * shortly after it is of an init system that sweeps up, and says the same again.
 */
const SAME_MOMENT_MS = 2_000;

/**
 * What a worker does with signals, and without its primary. While there is one, it decides what a signal means: a
 * terminal sends its signals to the whole process group. Without one the worker serves on for a grace period, in
 * which a new primary can be started, and drains then; or at once when told to, as an init system does that sweeps
 * up after a main process. A second signal cuts.
 */
export class Orphanhood {
  readonly #deps: OrphanhoodDeps;
  #orphaned = false;
  #told = false;
  #signalledAtMs = Number.NEGATIVE_INFINITY;
  /** When a signal from before the primary's end was acted on, and not said again since. */
  #takenUpAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: OrphanhoodDeps) {
    this.#deps = deps;
  }

  /** The primary is gone. */
  begin(): void {
    const { graceMs, drainTimeoutMs, end } = this.#deps;
    this.#orphaned = true;
    const nowMs = performance.now();
    if (nowMs - this.#signalledAtMs < SAME_MOMENT_MS) {
      this.signalled();
      this.#takenUpAtMs = nowMs;
    } else {
      setTimeout(() => end(drainTimeoutMs), timerMs(graceMs));
    }
  }

  /** SIGTERM or SIGINT. */
  signalled(): void {
    this.#signalledAtMs = performance.now();
    if (!this.#orphaned) return;
    const saidAgain = this.#signalledAtMs - this.#takenUpAtMs < SAME_MOMENT_MS;
    this.#takenUpAtMs = Number.NEGATIVE_INFINITY;
    if (saidAgain) return;
    this.#deps.end(this.#told ? 0 : this.#deps.drainTimeoutMs);
    this.#told = true;
  }
}

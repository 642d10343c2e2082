import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;

/** The longest time for which this process's event loop was held up, since it was last asked. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  start(): void {
    this.#histogram.enable();
  }

  stop(): void {
    this.#histogram.disable();
  }

  /** Ms since the call before; measuring begins anew. */
  takeMaxMs(): number {
    const { max } = this.#histogram;
    this.#histogram.reset();
    return Math.max(0, Math.round(max / 1e6) - RESOLUTION_MS);
  }
}

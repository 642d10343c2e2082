import { timerMs } from '../config/duration.ts';
import type { Logger } from '../log/logger.ts';
import { DrainTally } from './drain-tally.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** Longer than a worker takes to cut what runs and to write its last lines. */
const OVERSTAY_MS = 6_500;
const CUT_WITHIN_MS = 2_000;

/** The end of all workers: none is replaced any more, each finishes what it has to, and what overstays is killed. */
export class Draining {
  readonly #slots: readonly WorkerSlot[];
  readonly #logger: Logger;
  #begun = false;
  #ended: (() => void) | undefined;
  #tally: DrainTally | undefined;
  #late: NodeJS.Timeout | undefined;

  constructor(slots: readonly WorkerSlot[], logger: Logger) {
    this.#slots = slots;
    this.#logger = logger;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Resolves when all workers are gone; `timeoutMs`: what runs may take. */
  async drain(timeoutMs: number): Promise<void> {
    this.#begin();
    const serving = this.#slots.flatMap((slot) => (slot.serving ? [slot.id ?? 0] : []));
    this.#tally ??= new DrainTally(serving, (active, idle) => {
      this.#logger.info(`Draining with ${active} outstanding active connections`);
      this.#logger.info(`Draining with ${idle} outstanding idle connections`);
    });
    for (const slot of this.#slots) slot.drain(timeoutMs);
    if (timeoutMs > 0) {
      this.#late = setTimeout(() => {
        this.#logger.info('router.drain.timed-out');
        this.#logger.error('gorouter-draining-error', { error: 'router: Drain timeout' });
      }, timerMs(timeoutMs));
    }
    // A worker ends itself; this is for one that is stuck.
    const overdue = setTimeout(() => this.kill(), timerMs(timeoutMs + OVERSTAY_MS));
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      this.#checkEnded();
    });
    clearTimeout(this.#late);
    clearTimeout(overdue);
  }

  /** Cuts what runs: the workers are told to end at once, and killed when they do not. */
  cut(): void {
    clearTimeout(this.#late);
    this.#begin();
    for (const slot of this.#slots) slot.drain(0);
    setTimeout(() => this.kill(), CUT_WITHIN_MS).unref();
  }

  /** Kills all workers. */
  kill(): void {
    this.#begin();
    for (const slot of this.#slots) slot.kill();
  }

  /** A worker says what it has to finish. */
  told(id: number, active: number, idle: number): void {
    this.#tally?.add(id, active, idle);
  }

  /** A worker is gone; no id = it never was. */
  gone(id: number | undefined): void {
    if (id !== undefined) this.#tally?.add(id);
    if (this.#begun) this.#checkEnded();
  }

  #begin(): void {
    this.#begun = true;
    for (const slot of this.#slots) slot.retire();
  }

  #checkEnded(): void {
    if (this.#slots.every((slot) => slot.vacant)) this.#ended?.();
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import { HttpProbe } from './http-probe.ts';

const EVERY_MS = 2;

/**
 * How long a process's event loop stood still, seen from outside: it is asked for its health all the time, and the
 * longest wait for an answer holds the longest stall. An upper bound, as a busy machine adds waits of its own.
 */
export class StallProbe {
  readonly #port: number;
  #probe: HttpProbe | undefined;
  #running = false;
  #done: Promise<void> = Promise.resolve();
  /** Of all waits so far, ms. */
  readonly waitsMs: number[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  async start(): Promise<void> {
    this.#probe = await HttpProbe.connect(this.#port);
    this.#running = true;
    this.#done = this.#ask();
  }

  get longestMs(): number {
    return this.waitsMs.reduce((longest, ms) => Math.max(longest, ms), 0);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
    this.#probe?.close();
  }

  async #ask(): Promise<void> {
    while (this.#running) {
      const askedMs = performance.now();
      try {
        await this.#probe?.get('localhost', '/health');
      } catch {
        // The server ends idle or old connections as it likes; the wait for a new one counts as well.
        this.#probe = await HttpProbe.connect(this.#port);
      }
      this.waitsMs.push(performance.now() - askedMs);
      await pause(EVERY_MS);
    }
  }
}

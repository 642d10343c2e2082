import { closeSync, openSync, readdirSync, readSync } from 'node:fs';

const NS_PER_MS = 1e6;

/** What the kernel knows of one thread since it began, ms. */
export interface ThreadTimes {
  readonly ranMs: number;
  /** Could have run, and something else did. */
  readonly waitedMs: number;
}

/**
 * For how long others, at least, had the core that all of these threads share: one waited longer than all of its
 * siblings ran together. What a hypervisor takes is not seen, for the kernel believes that the thread ran.
 */
export function takenMs(before: readonly ThreadTimes[], after: readonly ThreadTimes[]): number {
  const ran = after.map(({ ranMs }, i) => ranMs - (before[i]?.ranMs ?? 0));
  const all = ran.reduce((sum, ms) => sum + ms, 0);
  const taken = after.map(({ waitedMs }, i) => waitedMs - (before[i]?.waitedMs ?? 0) - (all - (ran[i] ?? 0)));
  return Math.max(0, ...taken);
}

/** Watches the threads that processes have when it is made. */
export class CoreWatch {
  readonly #files: number[];
  readonly #buffer = Buffer.allocUnsafe(128);
  #last: readonly ThreadTimes[];

  constructor(pids: readonly number[]) {
    this.#files = pids.flatMap((pid) =>
      readdirSync(`/proc/${pid}/task`).map((tid) => openSync(`/proc/${pid}/task/${tid}/schedstat`, 'r')),
    );
    this.#last = this.#read();
  }

  /** `takenMs` since it was asked last. */
  taken(): number {
    const before = this.#last;
    this.#last = this.#read();
    return takenMs(before, this.#last);
  }

  close(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
  }

  #read(): ThreadTimes[] {
    return this.#files.map((file, i) => {
      try {
        const length = readSync(file, this.#buffer, 0, this.#buffer.length, 0);
        const [ran = 0, waited = 0] = this.#buffer.toString('latin1', 0, length).split(' ').map(Number);
        return { ranMs: ran / NS_PER_MS, waitedMs: waited / NS_PER_MS };
      } catch {
        return this.#last[i] ?? { ranMs: 0, waitedMs: 0 }; // the thread has ended
      }
    });
  }
}

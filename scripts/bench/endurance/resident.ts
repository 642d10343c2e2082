import { descendantsOf, rssOf } from '../proc.ts';

const EVERY_MS = 250;

/** Resident memory of a process and all that descend from it, bytes. */
export function residentOf(pid: number): number {
  return [pid, ...descendantsOf(pid)].reduce((sum, one) => sum + rssOf(one), 0);
}

export interface ResidentSample {
  readonly atMs: number;
  readonly bytes: number;
}

/** Looks four times a second until it is stopped. */
export class ResidentWatch {
  readonly samples: ResidentSample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    const look = (): void => {
      this.samples.push({ atMs: performance.now(), bytes: residentOf(pid) });
    };
    look();
    this.#timer = setInterval(look, EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

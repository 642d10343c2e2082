import { readdir, stat } from 'node:fs/promises';

/** gorouter's interval. */
const EVERY_MS = 5_000;

/** How many descriptors each of the router's processes has open, read now and then; nothing where there is no /proc. */
export class Descriptors {
  readonly #pids: () => readonly number[];
  readonly #folder: string;
  #counts: ReadonlyMap<number, number> = new Map();
  /** Whose figures were looked for, found or not. */
  #sampled: ReadonlySet<number> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;

  constructor(pids: () => readonly number[], folder = '/proc') {
    this.#pids = pids;
    this.#folder = folder;
  }

  /** By pid. */
  get counts(): ReadonlyMap<number, number> {
    return this.#counts;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.sample(), EVERY_MS).unref();
  }

  /** Resolves when there are figures of each process that there is now, of one that was just started too. */
  async know(): Promise<void> {
    if (this.#pids().some((pid) => !this.#sampled.has(pid))) await this.sample();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One at a time: a host that is short of time must not be asked the more. */
  sample(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const counts = new Map<number, number>();
    const pids = this.#pids();
    this.#sampled = new Set(pids);
    for (const pid of pids) {
      const count = await descriptorsOf(`${this.#folder}/${pid}/fd`);
      if (count !== undefined) counts.set(pid, count);
    }
    this.#counts = counts;
  }
}

async function descriptorsOf(folder: string): Promise<number | undefined> {
  try {
    // Newer kernels (6.2) give the number as the size, without a list of a hundred thousand names.
    const { size } = await stat(folder);
    return size > 0 ? size : (await readdir(folder)).length;
  } catch {
    // No /proc, a process that just ended, or no descriptor left to read with.
    return undefined;
  }
}

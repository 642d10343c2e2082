import { truncateSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuTimes, cpuUsedMs, idleMsOf } from '../proc.ts';
import { type Contender, portFor } from './contender.ts';
import type { Field } from './field.ts';
import { runH2load } from './h2load.ts';
import type { Load, LoadResult } from './load.ts';
import { type GeneratorPlace, runWrk } from './wrk.ts';

/** What one load cost one contender. */
export interface Sample extends LoadResult {
  /** CPU time of all its processes for each request, microseconds. */
  readonly costUs: number;
  /** The share of its first process in that, 0 to 1. */
  readonly firstProcessShare: number;
  /** How much of its core nobody used, 0 to 1. With more than a little, requests are dearer: each wakes it up. */
  readonly idle: number;
  /** How much of its core was used by what is no part of it, 0 to 1. */
  readonly others: number;
}

/** Where a load is a number of requests and nothing is known of the rate yet. */
const FIRST_REQUESTS = 10_000;

/** Loads proxies from one core, and reads what that cost them. */
export class LoadGenerator {
  readonly #place: GeneratorPlace;
  readonly #proxyCore: number;
  /** Of the last load by number, per second: how many requests the next takes for its time. */
  readonly #rates = new Map<Contender, number>();

  constructor({ stage: { processes, dir }, loadCore, proxyCore }: Field) {
    this.#place = { processes, dir, core: loadCore };
    this.#proxyCore = proxyCore;
  }

  async run(contender: Contender, load: Load, seconds: number): Promise<Sample> {
    const before = cpuTimes(contender.pid);
    const idleBeforeMs = idleMsOf(this.#proxyCore);
    const beganMs = performance.now();
    const result = await this.#load(contender, load, seconds);
    const elapsedMs = performance.now() - beganMs;
    const idle = (idleMsOf(this.#proxyCore) - idleBeforeMs) / elapsedMs;
    await pause(200); // a buffered log line is part of its request's cost
    const after = cpuTimes(contender.pid);
    if (contender.accessLog !== undefined) truncateSync(contender.accessLog);
    if ([...before.keys()].some((pid) => !after.has(pid))) {
      throw new Error(`a process of ${contender.name} ended under load`);
    }
    const usedMs = cpuUsedMs(before, after);
    const firstMs = (after.get(contender.pid) ?? 0) - (before.get(contender.pid) ?? 0);
    return {
      ...result,
      costUs: (usedMs * 1_000) / result.requests,
      firstProcessShare: firstMs / usedMs,
      idle,
      others: Math.max(0, 1 - idle - usedMs / elapsedMs),
    };
  }

  async #load(contender: Contender, load: Load, seconds: number): Promise<LoadResult> {
    try {
      if (load.kind === 'http1')
        return await runWrk(this.#place, portFor(contender, load.tls === true), load, seconds);
      const rate = this.#rates.get(contender);
      const requests = rate === undefined ? FIRST_REQUESTS : Math.ceil(rate * seconds);
      const result = await runH2load(this.#place, portFor(contender, true), load, requests);
      this.#rates.set(contender, result.perSecond);
      return result;
    } catch (error) {
      throw new Error(`${contender.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

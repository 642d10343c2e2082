import type { WorkerView } from './sources.ts';

/** The share of a core that the router, all its processes, used lately: 1 = one core, 2.5 = two and a half. */
export class CpuShare {
  #cpuMs: Map<number, number> | undefined;
  #atMs = 0;
  #share = 0;

  get value(): number {
    return this.#share;
  }

  /**
   * `primaryCpuMs` = CPU time of the primary since it started; the workers' come with their figures. Call once a
   * second. A worker counts from its second sight on, by its pid: neither its past nor its end makes a jump.
   */
  tick(primaryCpuMs: number, workers: readonly WorkerView[], nowMs: number): void {
    const cpuMs = new Map([[0, primaryCpuMs]]);
    for (const { pid, stats } of workers) if (stats !== undefined) cpuMs.set(pid, stats.cpuMs);
    const elapsedMs = nowMs - this.#atMs;
    if (this.#cpuMs !== undefined && elapsedMs > 0) {
      let used = 0;
      for (const [pid, ms] of cpuMs) used += Math.max(0, ms - (this.#cpuMs.get(pid) ?? ms));
      this.#share = used / elapsedMs;
    }
    this.#cpuMs = cpuMs;
    this.#atMs = nowMs;
  }
}

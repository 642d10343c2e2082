import { addLatency, type Traffic } from '../request/traffic.ts';
import type { AppRequests } from '../status/sources.ts';

const MINUTE_MS = 60_000;
const SLOT_MS = 5_000;

interface Slot {
  readonly beganMs: number;
  readonly apps: Map<string, number>;
}

/** Requests by app and component over all workers: who was busiest, and who was there at all. */
export class AppTraffic {
  /** Since the start: counts per latency bucket, by component. */
  readonly latency = new Map<string, number[]>();
  /** Of the last minute, oldest first. */
  #slots: Slot[] = [];
  #active = new Set<string>();

  /** What a worker counted since its last report. `nowMs` by any clock that does not go back. */
  add(traffic: Traffic, nowMs: number): void {
    addLatency(this.latency, traffic.latency);
    this.#forget(nowMs);
    let slot = this.#slots.at(-1);
    if (slot === undefined || nowMs - slot.beganMs >= SLOT_MS) {
      slot = { beganMs: nowMs, apps: new Map() };
      this.#slots.push(slot);
    }
    for (const [app, requests] of traffic.apps) {
      slot.apps.set(app, (slot.apps.get(app) ?? 0) + requests);
      this.#active.add(app);
    }
  }

  /** The `count` apps with most requests in the last minute, busiest first. */
  busiest(count: number, nowMs: number): AppRequests[] {
    this.#forget(nowMs);
    const sums = new Map<string, number>();
    for (const { apps } of this.#slots) {
      for (const [app, requests] of apps) sums.set(app, (sums.get(app) ?? 0) + requests);
    }
    return [...sums]
      .toSorted(([appA, a], [appB, b]) => b - a || (appA < appB ? -1 : 1))
      .slice(0, count)
      .map(([app, requests]) => ({ app, requests }));
  }

  /** Apps with requests since the last time this was asked. */
  takeActive(): string[] {
    const active = [...this.#active];
    this.#active = new Set();
    return active;
  }

  #forget(nowMs: number): void {
    this.#slots = this.#slots.filter(({ beganMs }) => nowMs - beganMs < MINUTE_MS);
  }
}

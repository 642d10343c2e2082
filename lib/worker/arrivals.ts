import type { EndpointStates } from '../health/endpoint-states.ts';
import type { Change } from '../routes/change.ts';
import type { Pool } from '../routes/pool.ts';

/**
 * Notices endpoints that come while this worker serves, so that they may start slowly. Those that were there before,
 * from a snapshot or in the table of a worker that is replaced, have been serving.
 */
export class Arrivals {
  readonly #states: EndpointStates;
  readonly #defaultMs: number;
  readonly #now: () => number;
  #serving = false;

  /** `defaultMs`: for endpoints whose message does not say; 0 = not slowly. */
  constructor(states: EndpointStates, defaultMs: number, now: () => number) {
    this.#states = states;
    this.#defaultMs = defaultMs;
    this.#now = now;
  }

  /** From now on whatever comes is new. */
  begin(): void {
    this.#serving = true;
  }

  /** `before` is the pool as it was. */
  follow(change: Change, before: Pool | undefined): void {
    if (!this.#serving || change.op !== 'put') return;
    const { endpoint, key } = change;
    const { slowStart } = endpoint.options;
    const windowMs = slowStart === undefined ? this.#defaultMs : slowStart * 1000;
    if (windowMs <= 0) return;
    const known = before?.endpoints.find(({ address }) => address === endpoint.address);
    // Another instance at the same address is new, the same one that says something else is not.
    if (known !== undefined && known.instanceId === endpoint.instanceId) return;
    this.#states.arrived(key, endpoint.address, { sinceMs: this.#now(), windowMs });
  }
}

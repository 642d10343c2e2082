import type { EndpointView } from '../balance/picker.ts';
import type { Newcomer } from '../balance/slow-start.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';

interface PoolState {
  position: number;
  /** Unix ms until which an address is passed over. */
  marks: Map<string, number> | undefined;
  /** By address. */
  newcomers: Map<string, Newcomer> | undefined;
}

/** Positions wrap here: far from where adding one to a number stops working. */
const POSITIONS = 2 ** 30;

/**
 * What one worker knows about endpoints beyond the route table: requests on their way, failure marks, and how
 * far each pool's rotation got. Outlives a pool's replacement; counts go by address, marks and positions by
 * route key. Holds nothing for idle endpoints and forgotten pools.
 */
export class EndpointStates implements EndpointView {
  readonly #inFlight = new Map<string, number>();
  readonly #pools = new Map<string, PoolState>();
  readonly #random: () => number;
  newcomersUntilMs = 0;

  /** `random` gives 0 <= x < 1: where each pool's rotation starts, so that workers do not march in step. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** A request is handed to the transport. Each begin is followed by exactly one end. */
  begin(endpoint: Endpoint): void {
    this.#inFlight.set(endpoint.address, (this.#inFlight.get(endpoint.address) ?? 0) + 1);
  }

  /** The response head arrived, or the attempt failed (registry.md 9). */
  end(endpoint: Endpoint): void {
    const count = this.#inFlight.get(endpoint.address) ?? 0;
    if (count > 1) this.#inFlight.set(endpoint.address, count - 1);
    else this.#inFlight.delete(endpoint.address);
  }

  inFlight(endpoint: Endpoint): number {
    return this.#inFlight.get(endpoint.address) ?? 0;
  }

  /** Number of addresses with requests on their way: all that is kept of them. */
  get busy(): number {
    return this.#inFlight.size;
  }

  /** Has an endpoint passed over on one route until `untilMs` (Unix ms). A later mark moves the time. */
  mark(key: string, address: string, untilMs: number): void {
    if (key === '') return; // a throw-away pool: what happened there stays there
    const state = this.#state(key);
    state.marks ??= new Map();
    state.marks.set(address, untilMs);
  }

  marked(pool: Pool, endpoint: Endpoint, nowMs: number): boolean {
    const state = this.#pools.get(pool.key);
    const untilMs = state?.marks?.get(endpoint.address);
    if (state?.marks === undefined || untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    state.marks.delete(endpoint.address);
    return false;
  }

  clearMarks(pool: Pool): void {
    const state = this.#pools.get(pool.key);
    if (state !== undefined) state.marks = undefined;
  }

  nextPosition(pool: Pool): number {
    if (pool.key === '') return Math.floor(this.#random() * POSITIONS);
    const state = this.#state(pool.key);
    const { position } = state;
    state.position = (position + 1) % POSITIONS;
    return position;
  }

  /** An endpoint came to a route that is served. */
  arrived(key: string, address: string, newcomer: Newcomer): void {
    const state = this.#state(key);
    state.newcomers ??= new Map();
    state.newcomers.set(address, newcomer);
    this.newcomersUntilMs = Math.max(this.newcomersUntilMs, newcomer.sinceMs + newcomer.windowMs);
  }

  newcomers(pool: Pool, nowMs: number): ReadonlyMap<string, Newcomer> | undefined {
    const state = this.#pools.get(pool.key);
    const newcomers = state?.newcomers;
    if (state === undefined || newcomers === undefined) return undefined;
    for (const [address, { sinceMs, windowMs }] of newcomers) {
      if (nowMs - sinceMs >= windowMs) newcomers.delete(address);
    }
    if (newcomers.size === 0) state.newcomers = undefined;
    return state.newcomers;
  }

  /** The pool is gone from the table, and with it what was known of it. */
  forget(key: string): void {
    this.#pools.delete(key);
  }

  /** The endpoint left the pool: what was held for or against it would never be met again. */
  forgetEndpoint(key: string, address: string): void {
    const state = this.#pools.get(key);
    state?.marks?.delete(address);
    state?.newcomers?.delete(address);
  }

  /** Forgets every pool that `exists` does not know: after a whole table was exchanged. */
  retain(exists: (key: string) => boolean): void {
    for (const key of this.#pools.keys()) {
      if (!exists(key)) this.#pools.delete(key);
    }
  }

  #state(key: string): PoolState {
    let state = this.#pools.get(key);
    if (state === undefined) {
      state = { position: Math.floor(this.#random() * POSITIONS), marks: undefined, newcomers: undefined };
      this.#pools.set(key, state);
    }
    return state;
  }
}

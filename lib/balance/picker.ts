import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import type { HashWalk } from './hash-walk.ts';
import type { Newcomer } from './slow-start.ts';

/** A failure mark and a connection count, as a picker may read them. Owned by `EndpointStates`. */
export interface EndpointView {
  /** Requests handed to the transport and without response head yet (registry.md 9). */
  inFlight(endpoint: Endpoint): number;
  /** Whether a failure mark is in force at `nowMs`. */
  marked(pool: Pool, endpoint: Endpoint, nowMs: number): boolean;
  /** The all-marked rule: forgets the failure marks of the pool (registry.md 9). */
  clearMarks(pool: Pool): void;
  /** Takes the pool's cursor and advances it by one; the first value is random, so workers do not march in step. */
  nextPosition(pool: Pool): number;
  /** Unix ms until which some pool may have newcomers; 0 = none has. */
  readonly newcomersUntilMs: number;
  /** By address; undefined = the pool has none at `nowMs`. */
  newcomers(pool: Pool, nowMs: number): ReadonlyMap<string, Newcomer> | undefined;
}

/** What one choice is made from. */
export interface PickContext {
  readonly states: EndpointView;
  readonly nowMs: number;
  /** 0 <= x < 1. */
  readonly random: () => number;
  /** This worker's share of `backends.max_conns`; 0 = unlimited. */
  readonly maxConns: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Zone of this router when `locally-optimistic` applies, else undefined. */
  readonly localZone: string | undefined;
  /** Addresses that this request has tried already. */
  readonly tried: ReadonlySet<string> | undefined;
  /** Of a request on a hashed route, else undefined. */
  readonly hash: HashWalk | undefined;
  /** Addresses of new endpoints whose turn it is not yet. */
  readonly waiting?: { has(address: string): boolean };
}

/** Chooses an endpoint of a pool; undefined when none may be used. */
export interface Picker {
  pick(pool: Pool, context: PickContext): Endpoint | undefined;
}

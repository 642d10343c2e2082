import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import type { Hash64 } from './fnv1a.ts';
import { leastConnection } from './least-connection.ts';
import type { PickContext, Picker } from './picker.ts';
import { isOverloaded, standingOf } from './standing.ts';
import { supersededEndpoints } from './superseded.ts';

/** What a new endpoint begins with, of the share that the others have. */
const FIRST_SHARE = 0.1;

/** An endpoint that came while others served. */
export interface Newcomer {
  /** Unix ms. */
  readonly sinceMs: number;
  /** How long its share takes to grow to a full one; above 0. */
  readonly windowMs: number;
}

/** Of a full share: grows in a straight line. */
export function weightOf({ sinceMs, windowMs }: Newcomer, nowMs: number): number {
  const grown = Math.max(0, nowMs - sinceMs) / windowMs;
  return grown >= 1 ? 1 : FIRST_SHARE + (1 - FIRST_SHARE) * grown;
}

/**
 * Has `picker` choose while some of the pool's endpoints are new: each of these is drawn for its own share of the
 * requests, and otherwise stands behind those that are not new. `hash`: what is hashed leads to a newcomer for the first
 * share of its values, and for more of them as time goes by, so that each moves once.
 */
export function pickWithNewcomers(
  pool: Pool,
  context: PickContext,
  picker: Picker,
  newcomers: ReadonlyMap<string, Newcomer>,
): Endpoint | undefined {
  const weight = (endpoint: Endpoint): number => {
    const newcomer = newcomers.get(endpoint.address);
    return newcomer === undefined ? 1 : weightOf(newcomer, context.nowMs);
  };
  const hash = context.hash?.hash;
  if (hash !== undefined) return picker.pick(pool, { ...context, waiting: waitingFor(hash, pool, weight) });

  const drawn = draw(pool, context, weight, newcomers);
  if (drawn !== undefined && picker !== leastConnection) return drawn;
  const picked = picker.pick(pool, { ...context, waiting: newcomers });
  if (drawn === undefined || picked === undefined) return picked;
  // It is its turn, unless it has more to do than all others.
  return context.states.inFlight(drawn) <= context.states.inFlight(picked) ? drawn : picked;
}

/** The newcomer whose turn it is among the endpoints that nothing speaks against, by weight; undefined = no newcomer's. */
function draw(
  pool: Pool,
  context: PickContext,
  weight: (endpoint: Endpoint) => number,
  newcomers: ReadonlyMap<string, Newcomer>,
): Endpoint | undefined {
  const superseded = supersededEndpoints(pool);
  const usable = pool.endpoints.filter(
    (endpoint) =>
      !isOverloaded(endpoint, context) &&
      standingOf(endpoint, superseded, context) === 0 &&
      !context.states.marked(pool, endpoint, context.nowMs),
  );
  let rest = 0;
  for (const endpoint of usable) rest += weight(endpoint);
  rest *= context.random();
  for (const endpoint of usable) {
    if (!newcomers.has(endpoint.address)) continue;
    rest -= weight(endpoint);
    if (rest < 0) return endpoint;
  }
  return undefined;
}

/** Newcomers that this value does not go to yet. While all are new they are measured by the one that came first. */
function waitingFor(hash: Hash64, pool: Pool, weight: (endpoint: Endpoint) => number): ReadonlySet<string> {
  const fraction = fractionOf(hash);
  let full = 0;
  for (const endpoint of pool.endpoints) full = Math.max(full, weight(endpoint));
  const waiting = new Set<string>();
  for (const endpoint of pool.endpoints) {
    if (fraction >= weight(endpoint) / full) waiting.add(endpoint.address);
  }
  return waiting;
}

/** 0 <= x < 1, independent of the slot. FNV-1a leaves the upper bits of short texts alike: they are mixed once more. */
function fractionOf({ high, low }: Hash64): number {
  let mixed = high ^ low;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

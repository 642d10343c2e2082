import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import { remainder } from './fnv1a.ts';
import { hashTableOf } from './hash-table.ts';
import type { HashWalk } from './hash-walk.ts';
import { leastConnection } from './least-connection.ts';
import { SLOTS } from './maglev.ts';
import type { PickContext, Picker } from './picker.ts';
import { roundRobin } from './round-robin.ts';
import { isOverloaded } from './standing.ts';
import { supersededEndpoints } from './superseded.ts';

/**
 * The endpoint that the hash of a request's header leads to (contract: newer.md 3). What does not fit there goes on to
 * the next in the table, the same for every router. Zones and failure marks are not looked at: only an endpoint that
 * left the pool is passed by.
 */
export const hashBased: Picker = {
  pick(pool: Pool, context: PickContext): Endpoint | undefined {
    const walk = context.hash;
    if (walk?.hash === undefined) return (walk?.fallback ?? roundRobin).pick(pool, context);
    const { endpoints } = pool;
    if (endpoints.length === 0) {
      walk.note('warn', 'hash-based-routing-pool-empty', { host: walk.host });
      return undefined;
    }
    if (endpoints.length === 1 && !isOverloaded(endpoints[0]!, context)) return endpoints[0];
    const found = walkTable(pool, walk, context) ?? leastLoaded(pool, context);
    if (found === undefined) {
      const error = 'all endpoints are overloaded';
      walk.note('error', 'hash-based-routing-failed', { host: walk.host, error });
    }
    return found;
  },
};

/** From the slot upwards to the first that may take the request; each is looked at once. */
function walkTable(pool: Pool, walk: HashWalk, context: PickContext): Endpoint | undefined {
  const { slots, owners } = hashTableOf(pool);
  const superseded = supersededEndpoints(pool);
  const busy = busyAbove(pool, context);
  const failed = lastTried(context);
  const start = walk.slot === undefined ? remainder(walk.hash!, SLOTS) : walk.slot + 1;
  const visited = new Uint8Array(owners.length);
  let left = owners.length;
  let rest: Endpoint | undefined;
  let restSlot = 0;
  for (let step = 0; step < SLOTS && left > 0; step += 1) {
    const slot = (start + step) % SLOTS;
    const member = slots[slot]!;
    if (visited[member] === 1) continue;
    visited[member] = 1;
    left -= 1;
    const endpoint = ownerOf(owners[member]!, pool, context);
    // The one that failed this request just now is no choice, though it may be the only one.
    if (endpoint.address === failed || superseded.has(endpoint)) continue;
    if (context.waiting?.has(endpoint.address)) continue;
    if (isOverloaded(endpoint, context)) {
      const data = { host: walk.host, 'endpoint-id': endpoint.instanceId };
      walk.note('info', 'hash-based-routing-endpoint-overloaded', data);
      continue;
    }
    const count = context.states.inFlight(endpoint);
    if (count > busy) {
      walk.note('debug', 'hash-based-routing-endpoint-imbalanced', {
        host: walk.host,
        'endpoint-id': endpoint.instanceId,
        'endpoint-connections': count,
        'average-load': busy / pool.settings.hashBalance,
      });
      if (rest === undefined || count < context.states.inFlight(rest)) {
        rest = endpoint;
        restSlot = slot;
      }
      continue;
    }
    walk.slot = slot;
    return endpoint;
  }
  // A factor below 1 finds all of an evenly loaded pool too busy.
  if (rest !== undefined) walk.slot = restSlot;
  return rest;
}

/** Above so many requests an endpoint passes others on: its pool's average times `hash_balance`. */
function busyAbove({ endpoints, settings }: Pool, context: PickContext): number {
  if (settings.hashBalance <= 0) return Number.POSITIVE_INFINITY;
  let total = 0;
  for (const endpoint of endpoints) total += context.states.inFlight(endpoint);
  return total === 0 ? Number.POSITIVE_INFINITY : (total / endpoints.length) * settings.hashBalance;
}

function ownerOf(owners: readonly Endpoint[], pool: Pool, context: PickContext): Endpoint {
  if (owners.length === 1) return owners[0]!;
  return leastConnection.pick({ ...pool, endpoints: owners }, context) ?? owners[0]!;
}

/** Those that the table does not name, or names last: superseded, or not hashed yet. */
function leastLoaded(pool: Pool, context: PickContext): Endpoint | undefined {
  const failed = lastTried(context);
  const endpoints = pool.endpoints.filter(({ address }) => address !== failed);
  return leastConnection.pick({ ...pool, endpoints }, { ...context, localZone: undefined });
}

function lastTried({ attempt, tried }: PickContext): string | undefined {
  let last: string | undefined;
  if (attempt > 1 && tried !== undefined) for (const address of tried) last = address;
  return last;
}

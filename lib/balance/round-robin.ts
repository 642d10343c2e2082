import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import type { PickContext, Picker } from './picker.ts';
import { isOverloaded, STANDING, standingOf } from './standing.ts';
import { supersededEndpoints } from './superseded.ts';

/**
 * Each endpoint in turn, in pool order (contract: registry.md 9). One walk finds the first that nothing
 * speaks against, or else the one with the least: a pool whose endpoints are all marked is tried anyway, and
 * its marks are then forgotten.
 */
export const roundRobin: Picker = {
  pick(pool: Pool, context: PickContext): Endpoint | undefined {
    const { endpoints } = pool;
    const { length } = endpoints;
    if (length === 0) return undefined;
    const superseded = supersededEndpoints(pool);
    const start = startOf(pool, context);

    let best: Endpoint | undefined;
    let bestStanding = Number.POSITIVE_INFINITY;
    let anyUnmarked = false;
    for (let step = 0; step < length; step += 1) {
      const endpoint = endpoints[(start + step) % length]!;
      if (isOverloaded(endpoint, context)) continue;
      let standing = standingOf(endpoint, superseded, context);
      if (context.states.marked(pool, endpoint, context.nowMs)) standing += STANDING.marked;
      else anyUnmarked = true;
      if (standing === 0) return endpoint;
      if (standing < bestStanding) {
        best = endpoint;
        bestStanding = standing;
      }
    }
    if (best !== undefined && !anyUnmarked) context.states.clearMarks(pool);
    return best;
  },
};

/** A retry goes on behind the endpoint that failed last, without moving the pool's position a second time. */
function startOf(pool: Pool, context: PickContext): number {
  if (context.attempt > 1 && context.tried !== undefined) {
    let last: string | undefined;
    for (const address of context.tried) last = address;
    const index = pool.endpoints.findIndex((endpoint) => endpoint.address === last);
    if (index !== -1) return index + 1;
  }
  const { states, waiting } = context;
  let position = states.nextPosition(pool);
  // A turn that is not taken goes to nobody, or the neighbour of a new endpoint had two.
  for (let i = 1; waiting !== undefined && i < pool.endpoints.length; i += 1) {
    if (!waiting.has(pool.endpoints[position % pool.endpoints.length]!.address)) break;
    position = states.nextPosition(pool);
  }
  return position;
}

import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import type { PickContext, Picker } from './picker.ts';
import { isOverloaded, standingOf } from './standing.ts';
import { supersededEndpoints } from './superseded.ts';

/**
 * The endpoint with the fewest requests on their way, any one of several (contract: registry.md 9). Failure
 * marks are not looked at; a retry still prefers what this request has not tried.
 */
export const leastConnection: Picker = {
  pick(pool: Pool, context: PickContext): Endpoint | undefined {
    const superseded = supersededEndpoints(pool);
    let best: Endpoint | undefined;
    let bestStanding = 0;
    let bestCount = 0;
    let ties = 0;
    for (const endpoint of pool.endpoints) {
      if (isOverloaded(endpoint, context)) continue;
      const standing = standingOf(endpoint, superseded, context);
      const count = context.states.inFlight(endpoint);
      const order = best === undefined ? -1 : standing - bestStanding || count - bestCount;
      if (order > 0) continue;
      // The k-th of equals takes over with probability 1/k, which gives each the same chance in one pass.
      ties = order < 0 ? 1 : ties + 1;
      if (order < 0 || context.random() * ties < 1) {
        best = endpoint;
        bestStanding = standing;
        bestCount = count;
      }
    }
    return best;
  },
};

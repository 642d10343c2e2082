import type { Answer } from '../request/answer.ts';
import type { RequestHost } from '../request/host.ts';
import type { RequestHead } from '../request/request-head.ts';
import { chooseRoute } from '../request/route-choice.ts';
import type { Pool } from '../routes/pool.ts';
import type { LaneDeps } from './lane.ts';

type Deps = Pick<LaneDeps, 'table' | 'settings' | 'states' | 'healthy' | 'counters' | 'now'>;

/** The pool that serves a request, or the answer when none does. Now and then the lookup is timed, for the metrics. */
export function routeOf(head: RequestHead, route: RequestHost, deps: Deps): { readonly pool: Pool } | Answer {
  const { table, settings, states, healthy, counters } = deps;
  if (!counters.timeLookup) return chooseRoute(head, route, table(), settings, states, healthy());
  counters.timeLookup = false;
  const beganAt = performance.now();
  const choice = chooseRoute(head, route, table(), settings, states, healthy());
  counters.latest.lookupNs = Math.round((performance.now() - beganAt) * 1e6);
  counters.latest.lookupAtMs = deps.now();
  return choice;
}

import type { EndpointStates } from '../health/endpoint-states.ts';
import type { Change } from '../routes/change.ts';
import type { Pool } from '../routes/pool.ts';

/**
 * Lets what a worker remembers of endpoints follow the table, so that nothing is kept for what is gone, nor held
 * against what is new. `before` is the pool as it was.
 */
export function followChange(change: Change, before: Pool | undefined, states: EndpointStates): void {
  switch (change.op) {
    case 'drop':
      states.forget(change.key);
      return;
    case 'remove':
      states.forgetEndpoint(change.key, change.address);
      return;
    case 'put': {
      // A request under way when the endpoint was removed may have failed and marked it after that.
      const { address } = change.endpoint;
      const isNew = before?.endpoints.every((endpoint) => endpoint.address !== address) ?? true;
      if (isNew) states.forgetEndpoint(change.key, address);
    }
  }
}

import type { EndpointStates } from '../health/endpoint-states.ts';
import type { Change } from '../routes/change.ts';

/** Lets what a worker remembers of endpoints follow the table, so that nothing is kept for what is gone. */
export function followChange(change: Change, states: EndpointStates): void {
  if (change.op === 'drop') states.forget(change.key);
  else if (change.op === 'remove') states.forgetEndpoint(change.key, change.address);
}

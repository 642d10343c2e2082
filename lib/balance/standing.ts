import type { Endpoint } from '../routes/endpoint.ts';
import type { PickContext } from './picker.ts';

/** Whether an endpoint is at its limit and may not be chosen at all (registry.md 9, max_conns). */
export function isOverloaded(endpoint: Endpoint, context: PickContext): boolean {
  return context.maxConns > 0 && context.states.inFlight(endpoint) >= context.maxConns;
}

/** Reasons to prefer another endpoint, the weightiest highest: their sum orders the endpoints of a pool. */
export const STANDING = {
  /** Of another zone, where the local one is preferred (first attempt only). */
  remote: 1,
  /** New, and its turn has not come. */
  waiting: 2,
  /** Failed recently. */
  marked: 4,
  /** Its instance was replaced; its address may belong to someone else by now. */
  superseded: 8,
  /** Failed for this very request. */
  tried: 16,
} as const;

/** 0 = nothing speaks against the endpoint. Failure marks are left to the algorithm, not all honour them. */
export function standingOf(
  endpoint: Endpoint,
  superseded: ReadonlySet<Endpoint>,
  context: PickContext,
): number {
  let standing = 0;
  if (context.tried?.has(endpoint.address)) standing += STANDING.tried;
  if (context.waiting?.has(endpoint.address)) standing += STANDING.waiting;
  if (superseded.size > 0 && superseded.has(endpoint)) standing += STANDING.superseded;
  if (
    context.attempt === 1 &&
    context.localZone !== undefined &&
    endpoint.availabilityZone !== context.localZone
  ) {
    standing += STANDING.remote;
  }
  return standing;
}

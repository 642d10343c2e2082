import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import type { PickContext } from './picker.ts';
import { isOverloaded } from './standing.ts';

/**
 * The endpoint with that instance id or address, unless it is overloaded (contract: registry.md 9). Failure
 * marks do not matter: the client's session lives there or nowhere. Never leaves the pool.
 */
export function pickSticky(pool: Pool, id: string, context: PickContext): Endpoint | undefined {
  if (id === '') return undefined;
  // Of two endpoints with one id the last registered owns it.
  const found = pool.endpoints.findLast((endpoint) => hasId(endpoint, id));
  return found === undefined || isOverloaded(found, context) ? undefined : found;
}

/** Whether a client that names `id` means this endpoint: by instance id, or by address. */
export function hasId(endpoint: Endpoint, id: string): boolean {
  return endpoint.instanceId === id || endpoint.address === id;
}

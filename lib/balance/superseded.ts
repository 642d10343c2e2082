import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';

const NONE: ReadonlySet<Endpoint> = new Set();

/** Pools are replaced whole, so what was found out about one holds as long as it does. */
const known = new WeakMap<Pool, ReadonlySet<Endpoint>>();

/**
 * Endpoints whose instance was replaced by a newer one while their unregister message was lost: same app,
 * process and index, another instance id, an older `endpoint_updated_at_ns`. They are used last.
 *
 * The process is compared because a rolling deployment runs two processes of an app side by side, with the
 * same indexes, and both are meant to serve.
 */
export function supersededEndpoints(pool: Pool): ReadonlySet<Endpoint> {
  if (pool.endpoints.length < 2) return NONE;
  let found = known.get(pool);
  if (found === undefined) {
    found = findSuperseded(pool.endpoints);
    known.set(pool, found);
  }
  return found;
}

function findSuperseded(endpoints: readonly Endpoint[]): ReadonlySet<Endpoint> {
  const newest = new Map<string, Endpoint>();
  let found: Set<Endpoint> | undefined;
  for (const endpoint of endpoints) {
    if (endpoint.appId === '' || endpoint.instanceIndex === '' || endpoint.instanceId === '') continue;
    const seat = `${endpoint.appId} ${endpoint.tags?.process_id ?? ''} ${endpoint.instanceIndex}`;
    const other = newest.get(seat);
    if (other === undefined) {
      newest.set(seat, endpoint);
      continue;
    }
    if (other.instanceId === endpoint.instanceId) continue;
    if (isNewer(endpoint, other)) {
      newest.set(seat, endpoint);
      found ??= new Set();
      found.add(other);
    } else if (isNewer(other, endpoint)) {
      found ??= new Set();
      found.add(endpoint);
    }
  }
  return found ?? NONE;
}

/** Decimal text of any length: the longer number is the larger one. Absent times (`0`) prove nothing. */
function isNewer(a: Endpoint, b: Endpoint): boolean {
  if (a.updatedAtNs === '0' || b.updatedAtNs === '0') return false;
  if (a.updatedAtNs.length !== b.updatedAtNs.length) return a.updatedAtNs.length > b.updatedAtNs.length;
  return a.updatedAtNs > b.updatedAtNs;
}

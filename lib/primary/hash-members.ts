import { isHashMember } from '../balance/hash-table.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { RegistryPool } from './registry-pool.ts';

/** What one change of a hashed pool meant for its lookup table (contract: newer.md 3). */
export interface MemberChange {
  /** Instance ids; undefined = nobody. */
  readonly joined: string | undefined;
  readonly left: string | undefined;
  /** Members after the change. */
  readonly count: number;
}

/** `before` and `after` are the one endpoint that changed; undefined = it was not there, or is no more. */
export function memberChange(
  pool: RegistryPool,
  before: Endpoint | undefined,
  after: Endpoint | undefined,
): MemberChange {
  const others = new Set<string>();
  for (const { endpoint } of pool.records) {
    if (endpoint !== after && isHashMember(endpoint)) others.add(endpoint.instanceId);
  }
  const was = idOf(before);
  const is = idOf(after);
  const joined = is !== undefined && is !== was && !others.has(is) ? is : undefined;
  const left = was !== undefined && was !== is && !others.has(was) ? was : undefined;
  if (is !== undefined) others.add(is);
  return { joined, left, count: others.size };
}

function idOf(endpoint: Endpoint | undefined): string | undefined {
  return endpoint !== undefined && isHashMember(endpoint) ? endpoint.instanceId : undefined;
}

import { isHashMember } from '../balance/hash-table.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { RegistryLog } from './registry-log.ts';
import type { RegistryPool } from './registry-pool.ts';

/** What one change of a hashed pool meant for its lookup table (contract: newer.md 3). */
export interface MemberChange {
  /** Instance ids; undefined = nobody. */
  readonly joined: string | undefined;
  readonly left: string | undefined;
  /** Members after the change. */
  readonly count: number;
}

/** Routes that are balanced by a hash: how they are spelled, and who comes into their lookup tables and goes. */
export class HashedRoutes {
  readonly #log: RegistryLog;
  /** By route key: as the endpoint that registered last spells it. */
  readonly #uris = new Map<string, string>();

  constructor(log: RegistryLog) {
    this.#log = log;
  }

  /** The route is hashed, and an endpoint registered for it as `uri`. */
  spelled(key: string, uri: string): void {
    this.#uris.set(key, uri);
  }

  /** The route is not hashed any more, or gone. */
  forget(key: string): void {
    this.#uris.delete(key);
  }

  /** Those that have endpoints, with their number. */
  *counts(
    pools: ReadonlyMap<string, RegistryPool>,
  ): Generator<readonly [uri: string, endpoints: number], void> {
    for (const [key, uri] of this.#uris) {
      const count = pools.get(key)?.size ?? 0;
      if (count > 0) yield [uri, count];
    }
  }

  /** `before` and `after` are the one endpoint that changed in the pool; undefined = it was not there, or is no more. */
  membersChanged(pool: RegistryPool, before: Endpoint | undefined, after: Endpoint | undefined): void {
    if (pool.settings.algorithm === 'hash') this.#log.hashMembers(memberChange(pool, before, after));
  }
}

function memberChange(
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

import type { Endpoint } from '../routes/endpoint.ts';
import { isAlgorithm, type Pool } from '../routes/pool.ts';
import { maglevTable } from './maglev.ts';

/** The lookup table of a pool, and whose slots they are. */
export interface HashTable {
  /** By slot: an index in `owners`. */
  readonly slots: Uint8Array | Uint16Array;
  /** Nearly always one endpoint each; those without instance id are one member together. */
  readonly owners: readonly (readonly Endpoint[])[];
}

/** A pool's list of endpoints is replaced whole when it changes, and with it what was made from it. */
const known = new WeakMap<readonly Endpoint[], HashTable>();

/**
 * The same for throw-away pools, whose list is made for each request: by its first endpoint. Clients ask for these, and
 * a table costs more than a request.
 */
const narrowed = new WeakMap<
  Endpoint,
  { readonly endpoints: readonly Endpoint[]; readonly table: HashTable }
>();

/**
 * Made when a request first needs it after a change, so that thousands of pools that change cost nothing until then,
 * and never for a pool that nobody asks for.
 */
export function hashTableOf({ key, endpoints }: Pool): HashTable {
  if (key === '') return narrowedTable(endpoints);
  let table = known.get(endpoints);
  if (table === undefined) {
    table = makeTable(endpoints);
    known.set(endpoints, table);
  }
  return table;
}

function narrowedTable(endpoints: readonly Endpoint[]): HashTable {
  const first = endpoints[0];
  const last = first === undefined ? undefined : narrowed.get(first);
  if (last?.endpoints.length === endpoints.length && last.endpoints.every((e, i) => e === endpoints[i])) {
    return last.table;
  }
  const table = makeTable(endpoints);
  if (first !== undefined) narrowed.set(first, { endpoints, table });
  return table;
}

/**
 * Whether an endpoint has slots while its pool is hashed (contract: newer.md 3): not before its own message says so,
 * that routers whose emitters are as far as each other agree. One whose option cannot be read leaves the pool's
 * algorithm as it is, and has its slots.
 */
export function isHashMember({ options }: Endpoint): boolean {
  const { loadbalancing } = options;
  return loadbalancing === 'hash' || (loadbalancing !== '' && !isAlgorithm(loadbalancing));
}

function makeTable(endpoints: readonly Endpoint[]): HashTable {
  const owners = new Map<string, Endpoint[]>();
  const members = endpoints.filter(isHashMember);
  for (const endpoint of members.length === 0 ? endpoints : members) {
    const { instanceId } = endpoint;
    const sameId = owners.get(instanceId);
    // Of two with one id the last registered owns it; no id is nobody's.
    if (instanceId === '' && sameId !== undefined) sameId.push(endpoint);
    else owners.set(instanceId, [endpoint]);
  }
  const table = maglevTable(owners.keys());
  return { slots: table.slots, owners: table.members.map((member) => owners.get(member)!) };
}

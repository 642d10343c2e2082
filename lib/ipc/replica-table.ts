import type { Change } from '../routes/change.ts';
import { addToChecksum, endpointHash, poolHash, settingsHash, takeFromChecksum } from '../routes/checksum.ts';
import type { Pool } from '../routes/pool.ts';
import { RouteTable } from '../routes/route-table.ts';

const NO_ENDPOINTS: Pool['endpoints'] = [];

/** A route table that follows changes and carries its checksum along. */
export class ReplicaTable {
  readonly routes = new RouteTable();
  #checksum = 0;
  #endpointCount = 0;

  get checksum(): number {
    return this.#checksum;
  }

  get endpointCount(): number {
    return this.#endpointCount;
  }

  /** Puts a whole pool, in place of the one with its key. */
  set(pool: Pool): void {
    this.#forget(this.routes.set(pool));
    this.#checksum = addToChecksum(this.#checksum, poolHash(pool));
    this.#endpointCount += pool.endpoints.length;
  }

  /**
   * Applies one change and returns the pool as it was before. A change to an endpoint of an unknown pool is
   * passed over: while a table is being received its pool is still to come, newer than the change.
   */
  apply(change: Exclude<Change, { op: 'mark' }>): Pool | undefined {
    const before = this.routes.get(change.key);
    switch (change.op) {
      case 'pool':
        if (before !== undefined) {
          this.#checksum = takeFromChecksum(this.#checksum, settingsHash(change.key, before.settings));
        }
        this.#checksum = addToChecksum(this.#checksum, settingsHash(change.key, change.settings));
        this.routes.set({
          key: change.key,
          settings: change.settings,
          endpoints: before?.endpoints ?? NO_ENDPOINTS,
        });
        break;
      case 'put': {
        if (before === undefined) break;
        const { settings, endpoints } = before;
        const at = indexOfAddress(before, change.endpoint.address);
        if (at === -1) {
          this.#endpointCount += 1;
        } else {
          this.#checksum = takeFromChecksum(this.#checksum, endpointHash(change.key, endpoints[at]!));
        }
        this.#checksum = addToChecksum(this.#checksum, endpointHash(change.key, change.endpoint));
        this.routes.set({
          key: before.key,
          settings,
          // Never by push: a grown array has room for 16 more, 130 bytes for each route.
          endpoints: at === -1 ? endpoints.concat(change.endpoint) : endpoints.with(at, change.endpoint),
        });
        break;
      }
      case 'remove': {
        if (before === undefined) break;
        const at = indexOfAddress(before, change.address);
        if (at === -1) break;
        this.#checksum = takeFromChecksum(this.#checksum, endpointHash(change.key, before.endpoints[at]!));
        this.#endpointCount -= 1;
        this.routes.set({
          key: before.key,
          settings: before.settings,
          endpoints: before.endpoints.toSpliced(at, 1),
        });
        break;
      }
      case 'drop':
        this.#forget(before);
        this.routes.delete(change.key);
        break;
    }
    return before;
  }

  #forget(pool: Pool | undefined): void {
    if (pool === undefined) return;
    this.#checksum = takeFromChecksum(this.#checksum, poolHash(pool));
    this.#endpointCount -= pool.endpoints.length;
  }
}

function indexOfAddress(pool: Pool, address: string): number {
  for (let i = 0; i < pool.endpoints.length; i += 1) if (pool.endpoints[i]!.address === address) return i;
  return -1;
}

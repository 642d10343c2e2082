import type { Change } from '../routes/change.ts';
import { addToChecksum, endpointHash, settingsHash, takeFromChecksum } from '../routes/checksum.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { PoolSettings } from '../routes/pool.ts';
import { shareTexts } from '../routes/share-texts.ts';
import { SharedSettings } from './pool-settings.ts';
import { type EndpointRecord, RegistryPool } from './registry-pool.ts';

export interface RegistryTableDeps {
  /** Each change, in order, with the checksum of the table after it. */
  readonly onChange: (change: Change, checksum: number) => void;
  /** An entry that the store must write or remove: its content changed, or it went. */
  readonly onStoredChange: (key: string, address: string) => void;
}

/** The pools of the registry. Whatever alters them is given out as a change, and kept in the checksum. */
export class RegistryTable {
  readonly #deps: RegistryTableDeps;
  readonly #pools = new Map<string, RegistryPool>();
  readonly #settings = new SharedSettings();
  #endpointCount = 0;
  #checksum = 0;

  constructor(deps: RegistryTableDeps) {
    this.#deps = deps;
  }

  get checksum(): number {
    return this.#checksum;
  }

  get pools(): ReadonlyMap<string, RegistryPool> {
    return this.#pools;
  }

  /** Endpoints, counted once for each route they serve. */
  get endpointCount(): number {
    return this.#endpointCount;
  }

  create(key: string, wanted: PoolSettings): RegistryPool {
    const settings = this.#settings.of(wanted);
    const pool = new RegistryPool(key, settings);
    this.#pools.set(key, pool);
    this.#checksum = addToChecksum(this.#checksum, settingsHash(key, settings));
    this.#deps.onChange({ op: 'pool', key, settings }, this.#checksum);
    return pool;
  }

  drop(pool: RegistryPool): void {
    this.#pools.delete(pool.key);
    this.#checksum = takeFromChecksum(this.#checksum, settingsHash(pool.key, pool.settings));
    this.#deps.onChange({ op: 'drop', key: pool.key }, this.#checksum);
  }

  alter(pool: RegistryPool, wanted: PoolSettings): void {
    const { key } = pool;
    const settings = this.#settings.of(wanted);
    this.#checksum = takeFromChecksum(this.#checksum, settingsHash(key, pool.settings));
    this.#checksum = addToChecksum(this.#checksum, settingsHash(key, settings));
    pool.settings = settings;
    this.#deps.onChange({ op: 'pool', key, settings }, this.#checksum);
  }

  add(pool: RegistryPool, endpoint: Endpoint, nowMs: number, restored: boolean): EndpointRecord {
    shareTexts(endpoint);
    const record: EndpointRecord = { endpoint, lastSeenMs: nowMs, restored, markedUntilMs: undefined };
    pool.add(record);
    this.#endpointCount += 1;
    this.#checksum = addToChecksum(this.#checksum, endpointHash(pool.key, endpoint));
    this.#deps.onChange({ op: 'put', key: pool.key, endpoint }, this.#checksum);
    // What was just read from the store need not be written to it.
    if (!restored) this.#deps.onStoredChange(pool.key, endpoint.address);
    return record;
  }

  /**
   * A registration that says what is known. It is kept in the place of the one that is known: whoever recognises the
   * message when it comes again holds the same object then, and a table from a snapshot is not in memory twice.
   */
  refresh(record: EndpointRecord, endpoint: Endpoint, nowMs: number): void {
    if (record.endpoint !== endpoint) {
      shareTexts(endpoint);
      record.endpoint = endpoint;
    }
    record.lastSeenMs = nowMs;
    record.restored = false;
  }

  /** Puts another endpoint in the place of the one that has its address. */
  replace(pool: RegistryPool, record: EndpointRecord, endpoint: Endpoint, nowMs: number): void {
    this.#checksum = takeFromChecksum(this.#checksum, endpointHash(pool.key, record.endpoint));
    this.#checksum = addToChecksum(this.#checksum, endpointHash(pool.key, endpoint));
    shareTexts(endpoint);
    record.endpoint = endpoint;
    record.lastSeenMs = nowMs;
    record.restored = false;
    this.#deps.onChange({ op: 'put', key: pool.key, endpoint }, this.#checksum);
    this.#deps.onStoredChange(pool.key, endpoint.address);
  }

  remove(pool: RegistryPool, record: EndpointRecord, nowMs: number): void {
    const { endpoint } = record;
    pool.remove(record, nowMs);
    this.#endpointCount -= 1;
    this.#checksum = takeFromChecksum(this.#checksum, endpointHash(pool.key, endpoint));
    this.#deps.onChange({ op: 'remove', key: pool.key, address: endpoint.address }, this.#checksum);
    this.#deps.onStoredChange(pool.key, endpoint.address);
  }

  mark(pool: RegistryPool, record: EndpointRecord, untilMs: number): void {
    record.markedUntilMs = untilMs;
    const change = { op: 'mark', key: pool.key, address: record.endpoint.address, untilMs } as const;
    this.#deps.onChange(change, this.#checksum);
  }
}

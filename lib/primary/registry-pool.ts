import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool, PoolSettings } from '../routes/pool.ts';

/** One endpoint on one route, with what only the primary knows of it. Times are Unix ms. */
export interface EndpointRecord {
  endpoint: Endpoint;
  lastSeenMs: number;
  /** Came from a snapshot and has not been confirmed by a register message yet. */
  restored: boolean;
  markedUntilMs: number;
}

/** Above this many endpoints a lookup by address goes through an index; most pools never need one. */
const INDEX_FROM = 16;

/** All endpoints of one route key, in order of registration, with the primary's bookkeeping. */
export class RegistryPool {
  readonly key: string;
  settings: PoolSettings;
  records: EndpointRecord[] = [];
  /** Unix ms of the last add, replacement or removal. */
  changedAtMs: number;
  #byAddress: Map<string, EndpointRecord> | undefined;

  constructor(key: string, settings: PoolSettings, nowMs: number) {
    this.key = key;
    this.settings = settings;
    this.changedAtMs = nowMs;
  }

  find(address: string): EndpointRecord | undefined {
    if (this.#byAddress !== undefined) return this.#byAddress.get(address);
    for (const record of this.records) if (record.endpoint.address === address) return record;
    return undefined;
  }

  add(record: EndpointRecord, nowMs: number): void {
    // A literal has room for one, which most pools have; what grew from nothing has room for 17.
    if (this.records.length === 0) this.records = [record];
    else this.records.push(record);
    this.changedAtMs = nowMs;
    if (this.#byAddress !== undefined) {
      this.#byAddress.set(record.endpoint.address, record);
    } else if (this.records.length === INDEX_FROM) {
      this.#byAddress = new Map(this.records.map((each) => [each.endpoint.address, each]));
    }
  }

  remove(record: EndpointRecord, nowMs: number): void {
    const at = this.records.indexOf(record);
    if (at === -1) return;
    this.records.splice(at, 1);
    this.#byAddress?.delete(record.endpoint.address);
    this.changedAtMs = nowMs;
  }

  /** As the workers see it. */
  view(): Pool {
    return { key: this.key, settings: this.settings, endpoints: this.records.map((each) => each.endpoint) };
  }
}

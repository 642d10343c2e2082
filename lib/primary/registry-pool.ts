import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool, PoolSettings } from '../routes/pool.ts';

/** One endpoint on one route, with what only the primary knows of it. Times are Unix ms. */
export interface EndpointRecord {
  endpoint: Endpoint;
  lastSeenMs: number;
  /** Came from a snapshot and has not been confirmed by a register message yet. */
  restored: boolean;
  /** Undefined = never. */
  markedUntilMs: number | undefined;
}

/** Above this many endpoints a lookup by address goes through an index; most pools never need one. */
const INDEX_FROM = 16;

/** The records of a pool that has, or had, several. */
class ManyRecords {
  readonly list: EndpointRecord[];
  #byAddress: Map<string, EndpointRecord> | undefined;

  constructor(list: EndpointRecord[]) {
    this.list = list;
  }

  find(address: string): EndpointRecord | undefined {
    if (this.#byAddress !== undefined) return this.#byAddress.get(address);
    for (const record of this.list) if (record.endpoint.address === address) return record;
    return undefined;
  }

  add(record: EndpointRecord): void {
    this.list.push(record);
    if (this.#byAddress !== undefined) {
      this.#byAddress.set(record.endpoint.address, record);
    } else if (this.list.length === INDEX_FROM) {
      this.#byAddress = new Map(this.list.map((each) => [each.endpoint.address, each]));
    }
  }

  remove(record: EndpointRecord): void {
    const at = this.list.indexOf(record);
    if (at === -1) return;
    this.list.splice(at, 1);
    this.#byAddress?.delete(record.endpoint.address);
  }
}

const NONE: readonly EndpointRecord[] = Object.freeze([]);

/**
 * All endpoints of one route key, in order of registration, with the primary's bookkeeping. There is one of these for
 * each route, and most have one endpoint: it is held without a list, and nothing is written down that only other
 * pools need.
 */
export class RegistryPool {
  readonly key: string;
  settings: PoolSettings;
  /** Unix ms when its last endpoint left; undefined while it has any. */
  emptiedAtMs: number | undefined;
  #held: EndpointRecord | ManyRecords | undefined;

  constructor(key: string, settings: PoolSettings) {
    this.key = key;
    this.settings = settings;
  }

  /** Made for the question in most pools: not to be asked twice in a row. */
  get records(): readonly EndpointRecord[] {
    if (this.#held === undefined) return NONE;
    return this.#held instanceof ManyRecords ? this.#held.list : [this.#held];
  }

  get size(): number {
    if (this.#held === undefined) return 0;
    return this.#held instanceof ManyRecords ? this.#held.list.length : 1;
  }

  find(address: string): EndpointRecord | undefined {
    if (this.#held instanceof ManyRecords) return this.#held.find(address);
    return this.#held?.endpoint.address === address ? this.#held : undefined;
  }

  add(record: EndpointRecord): void {
    if (this.#held === undefined) this.#held = record;
    else if (this.#held instanceof ManyRecords) this.#held.add(record);
    else this.#held = new ManyRecords([this.#held, record]);
    this.emptiedAtMs = undefined;
  }

  remove(record: EndpointRecord, nowMs: number): void {
    if (this.#held instanceof ManyRecords) this.#held.remove(record);
    else if (this.#held === record) this.#held = undefined;
    if (this.size === 0) this.emptiedAtMs = nowMs;
  }

  /** As the workers see it. */
  view(): Pool {
    return { key: this.key, settings: this.settings, endpoints: this.records.map((each) => each.endpoint) };
  }
}

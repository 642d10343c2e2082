import type { StoredRoute } from '../store/store.ts';
import type { Registry } from './registry.ts';
import type { EndpointRecord, RegistryPool } from './registry-pool.ts';

/** The registry as the snapshot keeper reads it. */
export class StoredSource {
  readonly #registry: Registry;
  #walk: Generator<StoredRoute> | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  find(key: string, address: string): StoredRoute | undefined {
    const pool = this.#registry.get(key);
    const record = pool?.find(address);
    return pool === undefined || record === undefined ? undefined : stored(pool, record);
  }

  size(): number {
    return this.#registry.endpointCount;
  }

  /** The next `count` entries of the table, beginning again at its end. The table may change in between. */
  *sweep(count: number): Iterable<StoredRoute> {
    for (let given = 0; given < count; given += 1) {
      let next = this.#walk?.next();
      if (next === undefined || next.done === true) {
        this.#walk = walk(this.#registry);
        next = this.#walk.next();
        if (next.done === true) return;
      }
      yield next.value;
    }
  }
}

function* walk(registry: Registry): Generator<StoredRoute> {
  for (const pool of registry.pools()) for (const record of pool.records) yield stored(pool, record);
}

function stored(pool: RegistryPool, record: EndpointRecord): StoredRoute {
  return {
    key: pool.key,
    contextPath: pool.settings.contextPath,
    endpoint: record.endpoint,
    confirmedAtMs: record.lastSeenMs,
  };
}

import { RouterError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { NoStore } from './none.ts';
import { RedisStore, type RedisStoreOptions } from './redis-store.ts';
import { SqliteStore } from './sqlite.ts';
import type { SnapshotStore } from './store.ts';

export interface StoreOptions {
  readonly store: SnapshotStore['kind'];
  /** The embedded store's file. */
  readonly path: string;
  /** Beyond this age no snapshot is used, ms. */
  readonly maxAgeMs: number;
  /** Looked at for `redis` only. */
  readonly redis: RedisStoreOptions | undefined;
  readonly log: Logger;
  /** Unix ms. */
  readonly now: () => number;
}

/** The store that the configuration asks for, not open yet. Throws CONFIG_INVALID for options that cannot be used. */
export function createStore(options: StoreOptions): SnapshotStore {
  const { path, maxAgeMs, redis, log, now } = options;
  switch (options.store) {
    case 'none':
      return new NoStore();
    case 'embedded':
      return new SqliteStore({ path, log });
    case 'redis':
      if (redis === undefined)
        throw new RouterError('CONFIG_INVALID', 'snapshot.redis is missing: its url names the server');
      return new RedisStore(redis, { maxAgeMs, now });
  }
}

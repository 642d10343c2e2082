import type { Endpoint } from '../routes/endpoint.ts';

/** One endpoint on one route, as kept for a restart. Identity: `key` and `endpoint.address`. */
export interface StoredRoute {
  readonly key: string;
  /** As spelled in the pool's first registration. */
  readonly contextPath: string;
  readonly endpoint: Endpoint;
  /** Unix ms of the last register message (at write time; see SnapshotKeeper for how stale it may get). */
  readonly confirmedAtMs: number;
}

export interface StoredRouteId {
  readonly key: string;
  readonly address: string;
}

/** One batch of writes, applied as a whole or not at all. */
export interface SnapshotBatch {
  readonly put: readonly StoredRoute[];
  readonly remove: readonly StoredRouteId[];
  /** Dates the snapshot as a whole. 0 = unfinished: more batches follow before it may be restored from. */
  readonly savedAtMs: number;
}

/** What a store had to tell at start. */
export interface LoadedSnapshot {
  /** 0 when it is not known, or the snapshot was never finished. */
  readonly savedAtMs: number;
  readonly routes: readonly StoredRoute[];
  /** One line for each entry that could not be read: which, and what was wrong. They are skipped. */
  readonly damaged: readonly string[];
  /** Where it came from, for the log: a path, or a router id. */
  readonly origin: string;
  /** False when it is another router's: this router's own has to be written from the start. */
  readonly own: boolean;
}

/**
 * Keeps a copy of the route table over a restart. Never on a request's path: a store that is slow, broken or
 * gone costs a cold start and a warning.
 *
 * `open` rejects with a RouterError (`STORE_*`) that names what is wrong and what would be right; the router
 * then goes on without a store, or keeps trying, and starts cold. It may be called again, after a rejection or
 * a lost connection, and does nothing when all is well.
 */
export interface SnapshotStore {
  readonly kind: 'none' | 'embedded' | 'redis';
  open(): Promise<void>;
  /** The last snapshot, or undefined when there is none. Damaged entries are left out, and listed. */
  load(): Promise<LoadedSnapshot | undefined>;
  /**
   * Rejects with `STORE_DAMAGED` when what was stored is lost: then `clear`, and write all again. After any other
   * rejection the batch may be written again, `open` first.
   */
  write(batch: SnapshotBatch): Promise<void>;
  /** Removes all entries: after a cold start the old ones must not come back. */
  clear(): Promise<void>;
  /** May be called twice, or before open. Resolves when the last write has settled. */
  close(): Promise<void>;
}

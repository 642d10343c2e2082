import type { LoadedSnapshot, SnapshotStore } from './store.ts';

/** Keeps nothing: every start is a cold one. */
export class NoStore implements SnapshotStore {
  readonly kind = 'none';

  async open(): Promise<void> {}

  async load(): Promise<LoadedSnapshot | undefined> {
    return undefined;
  }

  async write(): Promise<void> {}

  async clear(): Promise<void> {}

  async close(): Promise<void> {}
}

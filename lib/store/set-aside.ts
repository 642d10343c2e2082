import { existsSync, renameSync, rmSync, statSync } from 'node:fs';

/** Enough to look into what happened; more would fill the disk that is perhaps the cause. */
const MAX_KEPT = 3;

/**
 * Moves a damaged database out of the way to `<path>.damaged-<n>`, with its write-ahead log, and returns the new
 * name. When all names are taken the oldest file gives way. The database must be closed.
 */
export function setAside(path: string): string {
  const names = Array.from({ length: MAX_KEPT }, (_, i) => `${path}.damaged-${i + 1}`);
  const target = names.find((name) => !existsSync(name)) ?? oldest(names);
  rmSync(`${target}-wal`, { force: true });
  renameSync(path, target);
  // A log left behind would be replayed into the database that takes this one's place.
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${target}-wal`);
  rmSync(`${path}-journal`, { force: true });
  rmSync(`${path}-shm`, { force: true });
  return target;
}

function oldest(names: readonly string[]): string {
  return names.reduce((a, b) => (statSync(b).mtimeMs < statSync(a).mtimeMs ? b : a));
}

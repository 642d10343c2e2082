import type { Mark } from '../ipc/codec.ts';
import type { TableSource } from '../ipc/table-chunks.ts';
import type { Registry } from './registry.ts';

/** The registry as the broadcaster reads it: pools as workers see them, with the failure marks in force. */
export function tableSource(registry: Registry, now: () => number): TableSource {
  return {
    keys: () => registry.keys(),
    checksum: () => registry.checksum,
    pool: (key) => {
      const pool = registry.get(key);
      if (pool === undefined) return undefined;
      const nowMs = now();
      const marks: Mark[] = [];
      for (const { endpoint, markedUntilMs } of pool.records) {
        if (markedUntilMs !== undefined && markedUntilMs > nowMs)
          marks.push([endpoint.address, markedUntilMs]);
      }
      return { pool: pool.view(), marks };
    },
  };
}

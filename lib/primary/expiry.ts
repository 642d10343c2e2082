import type { EndpointRecord, RegistryPool } from './registry-pool.ts';

const NONE: readonly EndpointRecord[] = Object.freeze([]);

/**
 * Those that were silent for longer than their threshold (contract: registry.md 6), in the order of the pool. TLS
 * endpoints are proven by their certificate and never leave by age, unless they came from a snapshot and nobody has
 * confirmed them since.
 */
export function staleRecords({ records }: RegistryPool, nowMs: number): readonly EndpointRecord[] {
  let stale: EndpointRecord[] | undefined;
  for (const record of records) {
    if (record.endpoint.tls && !record.restored) continue;
    if (nowMs - record.lastSeenMs <= record.endpoint.staleThresholdMs) continue;
    stale ??= [];
    stale.push(record);
  }
  return stale ?? NONE;
}

/** How long emptied pools stay. */
export interface EmptyPools {
  /** Whether they are kept for a while, to answer 503 instead of 404 (registry.md 7). */
  readonly keepEmptyPools: boolean;
  /** From the moment on when a pool lost its last endpoint. */
  readonly emptyPoolTimeoutMs: number;
}

/** Whether a pool is empty, and its time is over. */
export function isOver(
  pool: RegistryPool,
  { keepEmptyPools, emptyPoolTimeoutMs }: EmptyPools,
  nowMs: number,
): boolean {
  if (pool.size > 0) return false;
  if (!keepEmptyPools || emptyPoolTimeoutMs <= 0) return true;
  return nowMs - (pool.emptiedAtMs ?? 0) > emptyPoolTimeoutMs;
}

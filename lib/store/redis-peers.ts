import { MAX_CLOCK_SKEW_MS } from './restore.ts';

/** Version of the layout in Redis, and of what an entry says. */
export const SCHEMA_VERSION = 1;

/** The hash's field about itself. */
export interface SnapshotMeta {
  readonly schema: number;
  /** Unix ms; 0 = unfinished. */
  readonly savedAtMs: number;
}

/** Undefined for what is not there or cannot be read. Never throws. */
export function parseMeta(text: string | null | undefined): SnapshotMeta | undefined {
  if (text === null || text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { schema, savedMs } = value as { schema?: unknown; savedMs?: unknown };
    if (!Number.isSafeInteger(schema) || (schema as number) < 1) return undefined;
    if (typeof savedMs !== 'number' || !Number.isFinite(savedMs))
      return { schema: schema as number, savedAtMs: 0 };
    return { schema: schema as number, savedAtMs: savedMs };
  } catch {
    return undefined;
  }
}

export interface Peer {
  readonly routerId: string;
  readonly meta: SnapshotMeta | undefined;
  readonly routes: number;
}

/** Routers that run save every few seconds: within this, none is fresher than the other in any way that matters. */
const SAME_AGE_MS = 60_000;

/**
 * The router whose snapshot a new one starts from: the freshest that can be used, and among those as good as that
 * the fullest, since one that has itself just started cold is as fresh as any.
 */
export function pickPeer(
  peers: readonly Peer[],
  nowMs: number,
  maxAgeMs: number,
): { routerId: string; meta: SnapshotMeta } | undefined {
  const usable = peers.filter(
    (peer): peer is Peer & { meta: SnapshotMeta } =>
      peer.meta !== undefined &&
      peer.meta.schema <= SCHEMA_VERSION &&
      peer.meta.savedAtMs >= nowMs - maxAgeMs &&
      peer.meta.savedAtMs <= nowMs + MAX_CLOCK_SKEW_MS &&
      peer.routes > 0,
  );
  const newest = Math.max(...usable.map((peer) => peer.meta.savedAtMs));
  const candidates = usable.filter((peer) => peer.meta.savedAtMs >= newest - SAME_AGE_MS);
  candidates.sort((a, b) => b.routes - a.routes || b.meta.savedAtMs - a.meta.savedAtMs);
  return candidates[0];
}

import type { KeeperStart } from './keeper.ts';
import type { LoadedSnapshot, StoredRoute } from './store.ts';

/** How far clocks of two hosts, or one host's before and after a correction, may disagree. */
export const MAX_CLOCK_SKEW_MS = 300_000;

export interface RestorePlan {
  /** To be served from the first moment, marked `restored`. Empty = a cold start. */
  readonly routes: readonly StoredRoute[];
  /** For the log: why there is nothing to restore, or undefined. */
  readonly reason: string | undefined;
  /** Since the last save, ms; never negative. Undefined when not known. */
  readonly ageMs: number | undefined;
  /** Where it came from; empty when there was nothing. */
  readonly origin: string;
  /** Entries that could not be read, one line each. */
  readonly damaged: readonly string[];
  /** How the keeper has to begin. */
  readonly begin: KeeperStart;
}

/**
 * Whether a snapshot may be used. Only the snapshot's own date decides, not that of its entries: while NATS is
 * away nothing confirms them, and they are still what the router had and served.
 */
export function planRestore(
  loaded: LoadedSnapshot | undefined,
  nowMs: number,
  maxAgeMs: number,
): RestorePlan {
  if (loaded === undefined) {
    return {
      routes: [],
      reason: 'there is no snapshot',
      ageMs: undefined,
      origin: '',
      damaged: [],
      begin: 'start-over',
    };
  }
  const { savedAtMs, origin, damaged } = loaded;
  const ageMs = savedAtMs > 0 ? Math.max(0, nowMs - savedAtMs) : undefined;
  const reason = whyNot(savedAtMs, nowMs, maxAgeMs);
  if (reason !== undefined) return { routes: [], reason, ageMs, origin, damaged, begin: 'start-over' };
  return {
    routes: loaded.routes.some((route) => route.confirmedAtMs > nowMs)
      ? loaded.routes.map((route) => notAfter(route, nowMs))
      : loaded.routes,
    reason: loaded.routes.length === 0 ? 'the snapshot is empty' : undefined,
    ageMs,
    origin,
    damaged,
    begin: loaded.own ? 'continue' : 'start-over',
  };
}

function whyNot(savedAtMs: number, nowMs: number, maxAgeMs: number): string | undefined {
  if (!(savedAtMs > 0)) return 'the snapshot has no date: it was not finished, or its date is damaged';
  if (savedAtMs > nowMs + MAX_CLOCK_SKEW_MS) {
    return `the snapshot is from the future, by ${savedAtMs - nowMs} ms: look at the clocks`;
  }
  const ageMs = Math.max(0, nowMs - savedAtMs);
  if (ageMs > maxAgeMs) return `the snapshot is too old: ${ageMs} ms, allowed are ${maxAgeMs} ms`;
  return undefined;
}

/** A confirmation cannot come from the future; believed, it would keep a dead endpoint for as long. */
function notAfter(route: StoredRoute, nowMs: number): StoredRoute {
  return route.confirmedAtMs <= nowMs ? route : { ...route, confirmedAtMs: nowMs };
}

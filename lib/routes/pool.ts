import type { Endpoint } from './endpoint.ts';

/** How a pool picks an endpoint (registry.md 9, newer.md 3). */
export type Algorithm = 'round-robin' | 'least-connection' | 'hash';

export function isAlgorithm(text: string): text is Algorithm {
  return text === 'round-robin' || text === 'least-connection' || text === 'hash';
}

/** What belongs to the route rather than to one endpoint. Shared between pools that say the same. */
export interface PoolSettings {
  /** Context path as spelled in the first registration, `/` when there is none: the Path of `__VCAP_ID__`. */
  readonly contextPath: string;
  readonly routeServiceUrl: string;
  readonly algorithm: Algorithm;
  readonly hashHeader: string;
  readonly hashBalance: number;
}

/** All endpoints of one route key. Immutable: a change makes a new pool, a request keeps the one it took. */
export interface Pool {
  /** Normalised URI: host, then `/segments` when there is a context path. */
  readonly key: string;
  readonly settings: PoolSettings;
  /** In order of registration; a replaced endpoint keeps its place. */
  readonly endpoints: readonly Endpoint[];
}

export function sameSettings(a: PoolSettings, b: PoolSettings): boolean {
  return (
    a === b ||
    (a.contextPath === b.contextPath &&
      a.routeServiceUrl === b.routeServiceUrl &&
      a.algorithm === b.algorithm &&
      a.hashHeader === b.hashHeader &&
      a.hashBalance === b.hashBalance)
  );
}

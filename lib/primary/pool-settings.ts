import type { Endpoint } from '../routes/endpoint.ts';
import { type Algorithm, isAlgorithm, type PoolSettings, sameSettings } from '../routes/pool.ts';

/**
 * What a pool takes over from the endpoint that registered last (contract: registry.md 4, newer.md 2-3): its route
 * service, also none; its algorithm, also the router's own; and what is hashed. `isNews`: the endpoint is new or has
 * changed. Of a heartbeat the header is not taken, so that endpoints which do not know a new option yet cannot undo it.
 */
export function settingsAfter(
  now: PoolSettings,
  { options, routeServiceUrl }: Endpoint,
  defaultAlgorithm: Algorithm,
  isNews: boolean,
): PoolSettings {
  const { loadbalancing, hashHeader, hashBalance } = options;
  const { contextPath } = now;
  if (loadbalancing === '' && now.algorithm === defaultAlgorithm && now.routeServiceUrl === routeServiceUrl) {
    return now; // nearly every heartbeat
  }
  let algorithm = now.algorithm;
  if (loadbalancing === '') algorithm = defaultAlgorithm;
  else if (isAlgorithm(loadbalancing)) algorithm = loadbalancing;
  if (algorithm !== 'hash') {
    return { contextPath, routeServiceUrl, algorithm, hashHeader: '', hashBalance: 0 };
  }
  // Only who asks for it says what to hash.
  const keeps = now.algorithm === 'hash' && (!isNews || loadbalancing !== 'hash') && now.hashHeader !== '';
  return keeps
    ? { contextPath, routeServiceUrl, algorithm, hashHeader: now.hashHeader, hashBalance: now.hashBalance }
    : { contextPath, routeServiceUrl, algorithm, hashHeader, hashBalance };
}

const MOST_SETTINGS = 4096;

/** One object for pools that say the same: a table of 100,000 routes has few different ones. */
export class SharedSettings {
  readonly #known = new Map<string, PoolSettings>();

  of(settings: PoolSettings): PoolSettings {
    const name = `${settings.contextPath}\0${settings.algorithm}`;
    const known = this.#known.get(name);
    if (known !== undefined && sameSettings(known, settings)) return known;
    if (this.#known.size < MOST_SETTINGS) this.#known.set(name, settings);
    return settings;
  }
}

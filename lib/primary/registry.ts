import type { Logger } from '../log/logger.ts';
import { type Endpoint, type Registration, sameEndpoint } from '../routes/endpoint.ts';
import { type ModificationTag, NO_TAG } from '../routes/modification-tag.ts';
import { type Algorithm, isAlgorithm, sameSettings } from '../routes/pool.ts';
import { acceptsSegment, type Sharding } from '../routes/sharding.ts';
import { contextPathOf, routeKey } from '../routes/uri.ts';
import { type EmptyPools, isOver, staleRecords } from './expiry.ts';
import { HashedRoutes } from './hashed-routes.ts';
import { KnownTags } from './known-tags.ts';
import { settingsAfter } from './pool-settings.ts';
import { type MessageCounts, RegistryCounters } from './registry-counters.ts';
import { RegistryLog } from './registry-log.ts';
import type { EndpointRecord, RegistryPool } from './registry-pool.ts';
import { RegistryTable, type RegistryTableDeps } from './registry-table.ts';

export interface RegistryOptions extends EmptyPools {
  readonly defaultAlgorithm: Algorithm;
  /** How long a failure mark lasts: a quarter of `droplet_stale_threshold` (registry.md 10). */
  readonly markMs: number;
  readonly sharding: Sharding;
}

export interface RegistryDeps extends RegistryTableDeps {
  readonly options: RegistryOptions;
  readonly logger: Logger;
}

/** An endpoint on a route as it comes back from a snapshot. */
export interface RestoredRoute {
  readonly key: string;
  readonly contextPath: string;
  readonly endpoint: Endpoint;
}

/**
 * The one truth about routes (contract: registry.md). Every alteration goes through a verb of this class, gives
 * out the changes it made, and keeps the table's checksum. A registration that says nothing new moves a
 * deadline and nothing else.
 */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #log: RegistryLog;
  readonly #table: RegistryTable;
  readonly #hashed: HashedRoutes;
  readonly counters = new RegistryCounters();
  readonly #tags = new KnownTags();
  #lastUpdateMs = 0;

  constructor(deps: RegistryDeps) {
    this.#options = deps.options;
    this.#log = new RegistryLog(deps.logger);
    this.#hashed = new HashedRoutes(this.#log);
    this.#table = new RegistryTable(deps);
  }

  get checksum(): number {
    return this.#table.checksum;
  }

  /** Route keys that have a pool, an empty one too. */
  get routeCount(): number {
    return this.#table.pools.size;
  }

  /** Endpoints, counted once for each route they serve. */
  get endpointCount(): number {
    return this.#table.endpointCount;
  }

  /** Unix ms of the last accepted register message; 0 when there was none. */
  get lastUpdateMs(): number {
    return this.#lastUpdateMs;
  }

  keys(): Iterable<string> {
    return this.#table.pools.keys();
  }

  pools(): Iterable<RegistryPool> {
    return this.#table.pools.values();
  }

  get(key: string): RegistryPool | undefined {
    return this.#table.pools.get(key);
  }

  /** Hashed routes that have endpoints, each as it was registered, with their number (newer.md 8). */
  hashedRoutes(): Iterable<readonly [uri: string, endpoints: number]> {
    return this.#hashed.counts(this.#table.pools);
  }

  /** A register message: adds, replaces or refreshes its endpoint on each of its routes. */
  register(registration: Registration, nowMs: number): void {
    const { endpoint, modificationTag = NO_TAG } = registration;
    if (!acceptsSegment(this.#options.sharding, endpoint.isolationSegment)) return;
    const counts = this.counters.of(endpoint);
    for (const uri of registration.uris) this.#registerOne(uri, endpoint, modificationTag, counts, nowMs);
    this.#lastUpdateMs = nowMs;
  }

  /** Its endpoint counts as heard from just now on those of its routes that have it; nothing else changes. */
  keepAlive({ uris, endpoint }: Registration, nowMs: number): void {
    for (const uri of uris) {
      const record = this.#table.pools.get(routeKey(uri))?.find(endpoint.address);
      if (record !== undefined) record.lastSeenMs = nowMs;
    }
  }

  /** An unregister message: removes the endpoint with that address from exactly those routes. */
  unregister(registration: Registration, nowMs: number): void {
    const { endpoint, modificationTag = NO_TAG } = registration;
    if (!acceptsSegment(this.#options.sharding, endpoint.isolationSegment)) return;
    this.counters.of(endpoint).unregister += registration.uris.length;
    for (const uri of registration.uris) this.#unregisterOne(uri, endpoint, modificationTag, nowMs);
  }

  /**
   * A worker met a failure that says something about an endpoint (registry.md 10). A mark already in force is
   * left as it is, so that a busy dead endpoint is one change and not one per request.
   */
  endpointFailed(
    key: string,
    address: string,
    verdict: 'mark' | 'prune',
    error: string,
    nowMs: number,
  ): void {
    const pool = this.#table.pools.get(key);
    const record = pool?.find(address);
    if (pool === undefined || record === undefined) return;
    const { endpoint } = record;
    if (verdict === 'prune') {
      this.counters.prunedOnFailure += 1;
      this.#remove(pool, record, nowMs);
      this.#log.endpointPrunedOnFailure(endpoint, error);
      return;
    }
    if (record.markedUntilMs !== undefined && record.markedUntilMs > nowMs) return;
    this.counters.marked += 1;
    this.#table.mark(pool, record, nowMs + this.#options.markMs);
    this.#log.endpointMarked(endpoint, error);
  }

  /** Puts back what a snapshot held, marked `restored`, except where a live registration came first. */
  restore(routes: Iterable<RestoredRoute>, nowMs: number): number {
    let count = 0;
    for (const { key, contextPath, endpoint } of routes) {
      if (!acceptsSegment(this.#options.sharding, endpoint.isolationSegment)) continue;
      const pool = this.#table.pools.get(key) ?? this.#create(key, contextPath, endpoint);
      if (pool.find(endpoint.address) !== undefined) continue;
      this.#table.add(pool, endpoint, nowMs, true);
      this.#takeOver(pool, key, endpoint, false);
      count += 1;
    }
    this.counters.restored += count;
    return count;
  }

  /** One prune cycle (registry.md 6): stale endpoints go, and emptied pools whose time is over. */
  prune(nowMs: number): void {
    this.#log.pruneBegins();
    for (const pool of this.#table.pools.values()) {
      const stale = staleRecords(pool, nowMs);
      for (const record of stale) this.#remove(pool, record, nowMs);
      if (stale.length > 0) {
        this.counters.pruned += stale.length;
        this.#log.routePruned(pool.key, stale);
      }
      if (isOver(pool, this.#options, nowMs)) this.#drop(pool);
    }
    this.#log.pruneEnds();
  }

  /** Takes every endpoint as heard from just now: after an outage of the bus nobody could be heard (bus.md 7). */
  refreshAll(nowMs: number): void {
    for (const pool of this.#table.pools.values())
      for (const record of pool.records) record.lastSeenMs = nowMs;
  }

  /** Distinct addresses: gorouter's "droplets". Walks the table. */
  distinctAddresses(): number {
    const addresses = new Set<string>();
    for (const pool of this.#table.pools.values())
      for (const record of pool.records) addresses.add(record.endpoint.address);
    return addresses.size;
  }

  #registerOne(
    uri: string,
    endpoint: Endpoint,
    tag: ModificationTag,
    counts: MessageCounts,
    nowMs: number,
  ): void {
    const key = routeKey(uri);
    const known = this.#table.pools.get(key);
    const pool = known ?? this.#create(key, contextPathOf(uri), endpoint);
    const record = pool.find(endpoint.address);
    const before = record?.endpoint;
    if (record === undefined) {
      this.#tags.remember(this.#table.add(pool, endpoint, nowMs, false), tag);
      counts.added += 1;
      this.counters.observeAge(endpoint, nowMs);
      this.#log.endpointRegistered(uri, endpoint, tag);
    } else if (sameEndpoint(record.endpoint, endpoint)) {
      this.#table.refresh(record, endpoint, nowMs);
      counts.refreshed += 1;
      if (this.#tags.isNews(record, tag)) this.#tags.remember(record, tag);
      this.#log.endpointRefreshed(uri, endpoint, tag);
      this.#takeOver(pool, uri, record.endpoint, false);
      return;
    } else if (!this.#tags.isNews(record, tag)) {
      counts.unmodified += 1;
      this.#log.endpointNotRegistered(uri, endpoint, tag);
      return;
    } else {
      this.#table.replace(pool, record, endpoint, nowMs);
      this.#tags.remember(record, tag);
      counts.updated += 1;
      this.#log.endpointRegistered(uri, endpoint, tag);
    }
    this.#takeOver(pool, uri, endpoint, true);
    this.#hashed.membersChanged(pool, before, endpoint);
    if (known !== undefined) return;
    this.counters.routesRegistered += 1;
    this.#log.routeRegistered(uri);
  }

  #unregisterOne(uri: string, endpoint: Endpoint, tag: ModificationTag, nowMs: number): void {
    const pool = this.#table.pools.get(routeKey(uri));
    const record = pool?.find(endpoint.address);
    if (pool === undefined || record === undefined || !this.#tags.applies(record, tag)) {
      this.#log.endpointNotUnregistered(uri, endpoint, tag);
      this.#log.routeKept(uri);
      return;
    }
    this.counters.unregistered += 1;
    this.#remove(pool, record, nowMs);
    this.#log.endpointUnregistered(uri, record.endpoint, tag);
    if (!isOver(pool, this.#options, nowMs)) {
      this.#log.routeKept(uri);
      return;
    }
    this.#drop(pool);
    this.counters.routesUnregistered += 1;
    this.#log.routeUnregistered(uri);
  }

  #create(key: string, contextPath: string, { routeServiceUrl }: Endpoint): RegistryPool {
    const algorithm = this.#options.defaultAlgorithm;
    return this.#table.create(key, {
      contextPath,
      routeServiceUrl,
      algorithm,
      hashHeader: '',
      hashBalance: 0,
    });
  }

  #drop(pool: RegistryPool): void {
    this.#table.drop(pool);
    this.#hashed.forget(pool.key);
  }

  #remove(pool: RegistryPool, record: EndpointRecord, nowMs: number): void {
    this.#table.remove(pool, record, nowMs);
    this.#hashed.membersChanged(pool, record.endpoint, undefined);
  }

  /** Has the pool go by the endpoint that registered last. */
  #takeOver(pool: RegistryPool, uri: string, endpoint: Endpoint, isNews: boolean): void {
    const now = pool.settings;
    const { loadbalancing } = endpoint.options;
    // Said when it is news, not at every heartbeat.
    if (isNews && loadbalancing !== '' && !isAlgorithm(loadbalancing)) {
      this.#log.invalidAlgorithm(loadbalancing, now.algorithm);
    }
    if (isNews && now.algorithm === 'hash') this.#hashed.spelled(pool.key, uri);
    const after = settingsAfter(now, endpoint, this.#options.defaultAlgorithm, isNews);
    if (sameSettings(now, after)) return;

    if (now.algorithm !== after.algorithm) {
      this.#log.algorithmChanged(loadbalancing, now.algorithm);
      if (after.algorithm === 'hash') this.#hashed.spelled(pool.key, uri);
      else this.#hashed.forget(pool.key);
    }
    this.#table.alter(pool, after);
  }
}

import { routeEndpointData } from '../health/route-endpoint-data.ts';
import type { Logger } from '../log/logger.ts';
import type { Change } from '../routes/change.ts';
import { addToChecksum, endpointHash, settingsHash, takeFromChecksum } from '../routes/checksum.ts';
import { type Endpoint, type Registration, sameEndpoint } from '../routes/endpoint.ts';
import { isSameTag, isSucceededBy, type ModificationTag, NO_TAG } from '../routes/modification-tag.ts';
import { type Algorithm, isAlgorithm, type PoolSettings, sameSettings } from '../routes/pool.ts';
import { acceptsSegment, type Sharding } from '../routes/sharding.ts';
import { shareTexts } from '../routes/share-texts.ts';
import { contextPathOf, routeKey } from '../routes/uri.ts';
import { type MessageCounts, RegistryCounters } from './registry-counters.ts';
import { endpointData } from './registry-log.ts';
import { type EndpointRecord, RegistryPool } from './registry-pool.ts';

export interface RegistryOptions {
  readonly defaultAlgorithm: Algorithm;
  /** How long a failure mark lasts: a quarter of `droplet_stale_threshold` (registry.md 10). */
  readonly markMs: number;
  readonly sharding: Sharding;
  /** Whether emptied pools are kept for a while, to answer 503 instead of 404 (registry.md 7). */
  readonly keepEmptyPools: boolean;
  readonly emptyPoolTimeoutMs: number;
}

export interface RegistryDeps {
  readonly options: RegistryOptions;
  readonly logger: Logger;
  /** Each change, in order, with the checksum of the table after it. */
  readonly onChange: (change: Change, checksum: number) => void;
  /** An entry that the store must write or remove: its content changed, or it went. */
  readonly onStoredChange: (key: string, address: string) => void;
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
  readonly #logger: Logger;
  readonly #onChange: RegistryDeps['onChange'];
  readonly #onStoredChange: RegistryDeps['onStoredChange'];
  readonly #pools = new Map<string, RegistryPool>();
  readonly #settings = new Map<string, PoolSettings>();
  readonly counters = new RegistryCounters();
  /** Of the endpoints that came with one: those of the routing API. */
  readonly #tags = new WeakMap<EndpointRecord, ModificationTag>();
  #endpointCount = 0;
  #checksum = 0;
  #lastUpdateMs = 0;

  constructor(deps: RegistryDeps) {
    this.#options = deps.options;
    this.#logger = deps.logger;
    this.#onChange = deps.onChange;
    this.#onStoredChange = deps.onStoredChange;
  }

  get checksum(): number {
    return this.#checksum;
  }

  /** Route keys that have a pool, an empty one too. */
  get routeCount(): number {
    return this.#pools.size;
  }

  /** Endpoints, counted once for each route they serve. */
  get endpointCount(): number {
    return this.#endpointCount;
  }

  /** Unix ms of the last accepted register message; 0 when there was none. */
  get lastUpdateMs(): number {
    return this.#lastUpdateMs;
  }

  keys(): Iterable<string> {
    return this.#pools.keys();
  }

  pools(): Iterable<RegistryPool> {
    return this.#pools.values();
  }

  get(key: string): RegistryPool | undefined {
    return this.#pools.get(key);
  }

  /** A register message: adds, replaces or refreshes its endpoint on each of its routes. */
  register(registration: Registration, nowMs: number): void {
    const { endpoint, modificationTag = NO_TAG } = registration;
    if (!acceptsSegment(this.#options.sharding, endpoint.isolationSegment)) return;
    const counts = this.counters.of(endpoint);
    for (const uri of registration.uris) this.#registerOne(uri, endpoint, modificationTag, counts, nowMs);
    this.#lastUpdateMs = nowMs;
  }

  /** An unregister message: removes the endpoint with that address from exactly those routes. */
  unregister(registration: Registration, nowMs: number): void {
    const { endpoint, modificationTag = NO_TAG } = registration;
    if (!acceptsSegment(this.#options.sharding, endpoint.isolationSegment)) return;
    this.counters.of(endpoint).unregister += registration.uris.length;
    for (const uri of registration.uris) {
      const key = routeKey(uri);
      const pool = this.#pools.get(key);
      const record = pool?.find(endpoint.address);
      if (pool === undefined || record === undefined || !this.#applies(record, modificationTag)) {
        if (this.#logger.enabled('debug')) {
          this.#logger.debug('endpoint-not-unregistered', endpointData(uri, endpoint));
        }
        continue;
      }
      this.counters.unregistered += 1;
      this.#remove(pool, record, nowMs);
      if (this.#logger.enabled('info')) {
        this.#logger.info('endpoint-unregistered', endpointData(uri, record.endpoint));
      }
      if (pool.records.length === 0 && this.#mayDropEmpty(pool, nowMs)) {
        this.#drop(pool);
        this.counters.routesUnregistered += 1;
        this.#logger.info('route-unregistered', { uri });
      }
    }
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
    const pool = this.#pools.get(key);
    const record = pool?.find(address);
    if (pool === undefined || record === undefined) return;
    const { endpoint } = record;
    if (verdict === 'prune') {
      this.counters.prunedOnFailure += 1;
      this.#remove(pool, record, nowMs);
      this.#logger.error('prune-failed-endpoint', { 'route-endpoint': routeEndpointData(endpoint), error });
      return;
    }
    if (record.markedUntilMs > nowMs) return;
    this.counters.marked += 1;
    record.markedUntilMs = nowMs + this.#options.markMs;
    this.#onChange({ op: 'mark', key, address, untilMs: record.markedUntilMs }, this.#checksum);
    this.#logger.error('endpoint-marked-as-ineligible', {
      'route-endpoint': routeEndpointData(endpoint),
      error,
    });
  }

  /** Puts back what a snapshot held, marked `restored`, except where a live registration came first. */
  restore(routes: Iterable<RestoredRoute>, nowMs: number): number {
    let count = 0;
    for (const { key, contextPath, endpoint } of routes) {
      if (!acceptsSegment(this.#options.sharding, endpoint.isolationSegment)) continue;
      const pool = this.#pools.get(key) ?? this.#create(key, contextPath, endpoint, nowMs);
      if (pool.find(endpoint.address) !== undefined) continue;
      this.#add(pool, endpoint, nowMs, true);
      this.#takeOver(pool, endpoint, false);
      count += 1;
    }
    this.counters.restored += count;
    return count;
  }

  /**
   * One prune cycle (registry.md 6): removes what was silent for longer than its threshold, and empty pools
   * whose time is over. TLS endpoints are proven by their certificate and never leave by age, unless they came
   * from a snapshot and nobody has confirmed them since.
   */
  prune(nowMs: number): void {
    this.#logger.debug('start-pruning-routes');
    for (const pool of this.#pools.values()) {
      let pruned: string[] | undefined;
      let segment = '';
      for (let i = pool.records.length - 1; i >= 0; i -= 1) {
        const record = pool.records[i]!;
        if (record.endpoint.tls && !record.restored) continue;
        if (nowMs - record.lastSeenMs <= record.endpoint.staleThresholdMs) continue;
        pruned ??= [];
        pruned.push(record.endpoint.address);
        segment = record.endpoint.isolationSegment;
        this.#remove(pool, record, nowMs);
      }
      if (pruned !== undefined) {
        this.counters.pruned += pruned.length;
        this.#logger.info('pruned-route', {
          uri: pool.key,
          endpoints: pruned,
          isolation_segment: segment === '' ? '-' : segment,
        });
      }
      if (pool.records.length === 0 && this.#mayDropEmpty(pool, nowMs)) this.#drop(pool);
    }
    this.#logger.debug('finished-pruning-routes');
  }

  /** Takes every endpoint as heard from just now: after an outage of the bus nobody could be heard (bus.md 7). */
  refreshAll(nowMs: number): void {
    for (const pool of this.#pools.values()) for (const record of pool.records) record.lastSeenMs = nowMs;
  }

  /** Distinct addresses: gorouter's "droplets". Walks the table. */
  distinctAddresses(): number {
    const addresses = new Set<string>();
    for (const pool of this.#pools.values())
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
    const known = this.#pools.get(key);
    const pool = known ?? this.#create(key, contextPathOf(uri), endpoint, nowMs);
    const record = pool.find(endpoint.address);
    if (record === undefined) {
      this.#tag(this.#add(pool, endpoint, nowMs, false), tag);
      counts.added += 1;
      this.counters.observeAge(endpoint, nowMs);
      if (this.#logger.enabled('info')) this.#logger.info('endpoint-registered', endpointData(uri, endpoint));
    } else if (sameEndpoint(record.endpoint, endpoint)) {
      record.lastSeenMs = nowMs;
      record.restored = false;
      counts.refreshed += 1;
      if (this.#isNews(record, tag)) this.#tag(record, tag);
      this.#takeOver(pool, record.endpoint, false);
      return;
    } else if (!this.#isNews(record, tag)) {
      counts.unmodified += 1;
      return;
    } else {
      this.#replace(pool, record, endpoint, nowMs);
      this.#tag(record, tag);
      counts.updated += 1;
      if (this.#logger.enabled('info')) this.#logger.info('endpoint-registered', endpointData(uri, endpoint));
    }
    this.#takeOver(pool, endpoint, true);
    if (known !== undefined) return;
    this.counters.routesRegistered += 1;
    this.#logger.info('route-registered', { uri });
  }

  /** Whether a register message with that tag may change the endpoint (bus.md 6). */
  #isNews(record: EndpointRecord, tag: ModificationTag): boolean {
    return isSucceededBy(this.#tags.get(record) ?? NO_TAG, tag);
  }

  /** Whether an unregister message with that tag is about this endpoint, not about an earlier one. */
  #applies(record: EndpointRecord, tag: ModificationTag): boolean {
    const known = this.#tags.get(record) ?? NO_TAG;
    return isSameTag(known, tag) || isSucceededBy(known, tag);
  }

  #tag(record: EndpointRecord, tag: ModificationTag): void {
    if (tag.guid === '') this.#tags.delete(record);
    else this.#tags.set(record, tag);
  }

  #create(key: string, contextPath: string, endpoint: Endpoint, nowMs: number): RegistryPool {
    const settings = this.#interned({
      contextPath,
      routeServiceUrl: endpoint.routeServiceUrl,
      algorithm: this.#options.defaultAlgorithm,
      hashHeader: '',
      hashBalance: 0,
    });
    const pool = new RegistryPool(key, settings, nowMs);
    this.#pools.set(key, pool);
    this.#checksum = addToChecksum(this.#checksum, settingsHash(key, settings));
    this.#onChange({ op: 'pool', key, settings }, this.#checksum);
    return pool;
  }

  #drop(pool: RegistryPool): void {
    this.#pools.delete(pool.key);
    this.#checksum = takeFromChecksum(this.#checksum, settingsHash(pool.key, pool.settings));
    this.#onChange({ op: 'drop', key: pool.key }, this.#checksum);
  }

  #add(pool: RegistryPool, endpoint: Endpoint, nowMs: number, restored: boolean): EndpointRecord {
    shareTexts(endpoint);
    const record: EndpointRecord = { endpoint, lastSeenMs: nowMs, restored, markedUntilMs: 0 };
    pool.add(record, nowMs);
    this.#endpointCount += 1;
    this.#checksum = addToChecksum(this.#checksum, endpointHash(pool.key, endpoint));
    this.#onChange({ op: 'put', key: pool.key, endpoint }, this.#checksum);
    // What was just read from the store need not be written to it.
    if (!restored) this.#onStoredChange(pool.key, endpoint.address);
    return record;
  }

  #replace(pool: RegistryPool, record: EndpointRecord, endpoint: Endpoint, nowMs: number): void {
    this.#checksum = takeFromChecksum(this.#checksum, endpointHash(pool.key, record.endpoint));
    this.#checksum = addToChecksum(this.#checksum, endpointHash(pool.key, endpoint));
    shareTexts(endpoint);
    record.endpoint = endpoint;
    record.lastSeenMs = nowMs;
    record.restored = false;
    pool.changedAtMs = nowMs;
    this.#onChange({ op: 'put', key: pool.key, endpoint }, this.#checksum);
    this.#onStoredChange(pool.key, endpoint.address);
  }

  #remove(pool: RegistryPool, record: EndpointRecord, nowMs: number): void {
    const { endpoint } = record;
    pool.remove(record, nowMs);
    this.#endpointCount -= 1;
    this.#checksum = takeFromChecksum(this.#checksum, endpointHash(pool.key, endpoint));
    this.#onChange({ op: 'remove', key: pool.key, address: endpoint.address }, this.#checksum);
    this.#onStoredChange(pool.key, endpoint.address);
  }

  /** The pool takes its route service and algorithm from the endpoint that registered last (registry.md 4, newer.md 2). */
  #takeOver(pool: RegistryPool, endpoint: Endpoint, isNews: boolean): void {
    const wanted = endpoint.options.loadbalancing;
    let algorithm = this.#options.defaultAlgorithm;
    if (wanted !== '') {
      if (isAlgorithm(wanted)) {
        algorithm = wanted;
      } else {
        algorithm = pool.settings.algorithm;
        // Said when it is news, not at every heartbeat.
        if (isNews) {
          this.#logger.error('invalid-endpoint-load-balancing-algorithm-provided-keeping-pool-lb-algo', {
            endpointLBAlgorithm: wanted,
            poolLBAlgorithm: algorithm,
          });
        }
      }
    }
    const hash = algorithm === 'hash';
    const hashHeader = hash ? endpoint.options.hashHeader : '';
    const hashBalance = hash ? endpoint.options.hashBalance : 0;
    const now = pool.settings;
    if (
      now.algorithm === algorithm &&
      now.routeServiceUrl === endpoint.routeServiceUrl &&
      now.hashHeader === hashHeader &&
      now.hashBalance === hashBalance
    ) {
      return;
    }
    const settings = this.#interned({
      contextPath: now.contextPath,
      routeServiceUrl: endpoint.routeServiceUrl,
      algorithm,
      hashHeader,
      hashBalance,
    });
    if (now.algorithm !== algorithm) {
      this.#logger.debug('setting-pool-load-balancing-algorithm-to-that-of-an-endpoint', {
        endpointLBAlgorithm: wanted,
        poolLBAlgorithm: now.algorithm,
      });
    }
    this.#checksum = takeFromChecksum(this.#checksum, settingsHash(pool.key, now));
    this.#checksum = addToChecksum(this.#checksum, settingsHash(pool.key, settings));
    pool.settings = settings;
    this.#onChange({ op: 'pool', key: pool.key, settings }, this.#checksum);
  }

  /** registry.md 7: without 503 for empty pools, or with a timeout that has passed, an empty pool goes. */
  #mayDropEmpty(pool: RegistryPool, nowMs: number): boolean {
    if (!this.#options.keepEmptyPools || this.#options.emptyPoolTimeoutMs <= 0) return true;
    return nowMs - pool.changedAtMs > this.#options.emptyPoolTimeoutMs;
  }

  #interned(settings: PoolSettings): PoolSettings {
    const name = `${settings.contextPath}\0${settings.algorithm}`;
    const known = this.#settings.get(name);
    if (known !== undefined && sameSettings(known, settings)) return known;
    if (this.#settings.size < 4096) this.#settings.set(name, settings);
    return settings;
  }
}

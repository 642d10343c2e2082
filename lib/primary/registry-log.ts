import { SLOTS } from '../balance/maglev.ts';
import { routeEndpointData } from '../health/route-endpoint-data.ts';
import type { Logger } from '../log/logger.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import { type ModificationTag, NO_TAG } from '../routes/modification-tag.ts';
import type { MemberChange } from './hashed-routes.ts';
import type { EndpointRecord } from './registry-pool.ts';

/**
 * What the registry says (contract: registry.md 5 and 10, newer.md 3 and 8). `uri` is as received. Facts are put
 * together only for lines that will be written: there are thousands of heartbeats.
 */
export class RegistryLog {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  routeRegistered(uri: string): void {
    this.#logger.info('route-registered', { uri });
    this.#logger.debug('uri-added', { uri });
  }

  routeUnregistered(uri: string): void {
    this.#logger.info('route-unregistered', { uri });
  }

  routeKept(uri: string): void {
    if (this.#logger.enabled('debug')) this.#logger.debug('route-not-unregistered', { uri });
  }

  endpointRegistered(uri: string, endpoint: Endpoint, tag: ModificationTag): void {
    this.#endpoint('info', 'endpoint-registered', uri, endpoint, tag);
  }

  endpointRefreshed(uri: string, endpoint: Endpoint, tag: ModificationTag): void {
    this.#endpoint('debug', 'endpoint-refreshed', uri, endpoint, tag);
  }

  /** Its tag is too old. */
  endpointNotRegistered(uri: string, endpoint: Endpoint, tag: ModificationTag): void {
    this.#endpoint('debug', 'endpoint-not-registered', uri, endpoint, tag);
  }

  endpointUnregistered(uri: string, endpoint: Endpoint, tag: ModificationTag): void {
    this.#endpoint('info', 'endpoint-unregistered', uri, endpoint, tag);
  }

  endpointNotUnregistered(uri: string, endpoint: Endpoint, tag: ModificationTag): void {
    this.#endpoint('debug', 'endpoint-not-unregistered', uri, endpoint, tag);
  }

  endpointMarked(endpoint: Endpoint, error: string): void {
    const data = { 'route-endpoint': routeEndpointData(endpoint), error };
    this.#logger.error('endpoint-marked-as-ineligible', data);
  }

  endpointPrunedOnFailure(endpoint: Endpoint, error: string): void {
    this.#logger.error('prune-failed-endpoint', { 'route-endpoint': routeEndpointData(endpoint), error });
  }

  pruneBegins(): void {
    this.#logger.debug('start-pruning-routes');
  }

  pruneEnds(): void {
    this.#logger.debug('finished-pruning-routes');
  }

  /** `stale`: at least one. */
  routePruned(key: string, stale: readonly EndpointRecord[]): void {
    const endpoints = stale.map(({ endpoint }) => endpoint.address);
    const segment = orDash(stale[0]?.endpoint.isolationSegment ?? '');
    this.#logger.info('pruned-route', { uri: key, endpoints, isolation_segment: segment });
  }

  invalidAlgorithm(wanted: string, kept: string): void {
    this.#logger.error('invalid-endpoint-load-balancing-algorithm-provided-keeping-pool-lb-algo', {
      endpointLBAlgorithm: wanted,
      poolLBAlgorithm: kept,
    });
  }

  algorithmChanged(wanted: string, before: string): void {
    this.#logger.debug('setting-pool-load-balancing-algorithm-to-that-of-an-endpoint', {
      endpointLBAlgorithm: wanted,
      poolLBAlgorithm: before,
    });
  }

  /** Who came into the lookup table of a hashed pool, and who left it. */
  hashMembers({ joined, left, count }: MemberChange): void {
    if (left !== undefined) this.#logger.debug('maglev-remove-endpoint', { 'endpoint-id': left });
    if (joined === undefined) return;
    const data = { 'endpoint-id': joined, 'current-endpoints': count };
    if (count > SLOTS) this.#logger.warn('maglev-add-lookuptable-capacity-exceeded', data);
    else this.#logger.info('maglev-add-endpoint', data);
  }

  #endpoint(
    level: 'debug' | 'info',
    message: string,
    uri: string,
    endpoint: Endpoint,
    tag: ModificationTag,
  ): void {
    if (this.#logger.enabled(level)) this.#logger[level](message, endpointData(uri, endpoint, tag));
  }
}

/** The data of gorouter's `endpoint-*` lines, in its order (registry.md 5). */
function endpointData(uri: string, endpoint: Endpoint, tag: ModificationTag): Record<string, unknown> {
  return {
    uri,
    route_service_url: endpoint.routeServiceUrl,
    backend: endpoint.address,
    application_id: endpoint.appId,
    instance_id: endpoint.instanceId,
    server_cert_domain_san: endpoint.serverCertDomainSan,
    protocol: endpoint.protocol,
    modification_tag: tag === NO_TAG ? { guid: '', index: 0 } : { guid: tag.guid, index: tag.index },
    isolation_segment: orDash(endpoint.isolationSegment),
    isTLS: endpoint.tls,
  };
}

function orDash(text: string): string {
  return text === '' ? '-' : text;
}

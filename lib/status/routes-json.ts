import type { Endpoint } from '../routes/endpoint.ts';
import { goJson } from './go-json.ts';
import { sortedByKey } from './sorted-keys.ts';
import type { EndpointView, RouteView } from './sources.ts';

/**
 * The body of `/routes` (operations.md 9, newer.md 2-3) in small pieces; an empty one is a place to pause. `defaultAlgorithm` is shown for endpoints that do not name one.
 */
export function* routesJson(routes: Iterable<RouteView>, defaultAlgorithm: string): Generator<string> {
  yield '{';
  let separator = '';
  for (const route of sortedByKey(routes)) {
    if (route === undefined) {
      yield '';
      continue;
    }
    let before = `${separator}${goJson(route.key)}:[`;
    for (const view of route.endpoints) {
      yield before + endpointJson(view, defaultAlgorithm);
      before = ',';
    }
    yield before === ',' ? ']' : `${before}]`;
    separator = ',';
  }
  yield '}\n';
}

function endpointJson({ endpoint, restored }: EndpointView, defaultAlgorithm: string): string {
  const { options } = endpoint;
  const algorithm = options.loadbalancing === '' ? defaultAlgorithm : options.loadbalancing;
  const head = goJson({
    address: endpoint.address,
    availability_zone: endpoint.availabilityZone,
    protocol: endpoint.protocol,
    tls: endpoint.tls,
    ttl: Math.floor(endpoint.staleThresholdMs / 1000),
    route_service_url: endpoint.routeServiceUrl || undefined,
  });
  const tail = goJson({
    isolation_segment: endpoint.isolationSegment || undefined,
    private_instance_id: endpoint.instanceId || undefined,
    server_cert_domain_san: endpoint.serverCertDomainSan || undefined,
    load_balancing_algorithm: algorithm || undefined,
    hash_header: algorithm === 'hash' ? options.hashHeader : undefined,
    hash_balance: algorithm === 'hash' ? options.hashBalance : undefined,
    restored: restored || undefined,
  });
  const end = tail === '{}' ? '}' : `,${tail.slice(1)}`;
  return `${head.slice(0, -1)},"tags":${tagsJson(endpoint.tags)}${end}`;
}

/** By hand: an object would put names that look like numbers first. */
function tagsJson(tags: Endpoint['tags']): string {
  if (tags === null) return 'null';
  const members = Object.keys(tags)
    .sort()
    .map((name) => `${goJson(name)}:${goJson(tags[name])}`);
  return `{${members.join(',')}}`;
}

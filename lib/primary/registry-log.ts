import type { Endpoint } from '../routes/endpoint.ts';

/** The data of gorouter's `endpoint-*` lines, in its order (registry.md 5). */
export function endpointData(uri: string, endpoint: Endpoint): Record<string, unknown> {
  return {
    uri,
    route_service_url: endpoint.routeServiceUrl,
    backend: endpoint.address,
    application_id: endpoint.appId,
    instance_id: endpoint.instanceId,
    server_cert_domain_san: endpoint.serverCertDomainSan,
    protocol: endpoint.protocol,
    modification_tag: { guid: '', index: 0 },
    isolation_segment: endpoint.isolationSegment === '' ? '-' : endpoint.isolationSegment,
    isTLS: endpoint.tls,
  };
}

import type { Endpoint } from '../routes/endpoint.ts';

/** How a log line about an attempt names its endpoint (contract: http.md 10). */
export function routeEndpointData(endpoint: Endpoint): Record<string, unknown> {
  return {
    ApplicationId: endpoint.appId,
    Addr: endpoint.address,
    Tags: endpoint.tags,
    RouteServiceUrl: endpoint.routeServiceUrl,
    AZ: endpoint.availabilityZone,
  };
}

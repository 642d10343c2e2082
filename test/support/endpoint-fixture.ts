import { type Endpoint, NO_OPTIONS, type Registration } from '../../lib/routes/endpoint.ts';
import type { Pool, PoolSettings } from '../../lib/routes/pool.ts';

/** An endpoint with ordinary values; `fields` replaces some of them. */
export function anEndpoint(fields: Partial<Endpoint> = {}): Endpoint {
  const host = fields.host ?? '10.0.0.1';
  const port = fields.port ?? 8080;
  return {
    host,
    port,
    address: `${host}:${port}`,
    tls: false,
    appId: 'app-guid',
    instanceId: `instance-${port}`,
    instanceIndex: '0',
    serverCertDomainSan: '',
    protocol: 'http1',
    availabilityZone: '',
    isolationSegment: '',
    routeServiceUrl: '',
    staleThresholdMs: 120_000,
    updatedAtNs: '0',
    tags: null,
    options: NO_OPTIONS,
    ...fields,
  };
}

export function aRegistration(uris: readonly string[], fields: Partial<Endpoint> = {}): Registration {
  return { uris, endpoint: anEndpoint(fields) };
}

export const PLAIN_SETTINGS: PoolSettings = {
  contextPath: '/',
  routeServiceUrl: '',
  algorithm: 'round-robin',
  hashHeader: '',
  hashBalance: 0,
};

export function aPool(
  key: string,
  endpoints: readonly Endpoint[],
  settings: Partial<PoolSettings> = {},
): Pool {
  return { key, endpoints, settings: { ...PLAIN_SETTINGS, ...settings } };
}

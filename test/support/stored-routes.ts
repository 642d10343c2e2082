import { type Endpoint, NO_OPTIONS } from '../../lib/routes/endpoint.ts';
import type { StoredRoute } from '../../lib/store/store.ts';

/** A plain entry on `key`; `endpoint` overrides members, and the address follows host and port. */
export function storedRoute(
  key: string,
  endpoint: Partial<Endpoint> = {},
  route: Partial<StoredRoute> = {},
): StoredRoute {
  const host = endpoint.host ?? '10.0.0.1';
  const port = endpoint.port ?? 8080;
  return {
    key,
    contextPath: '/',
    confirmedAtMs: 1_760_000_000_000,
    ...route,
    endpoint: {
      address: `${host}:${port}`,
      host,
      port,
      tls: false,
      appId: '',
      instanceId: '',
      instanceIndex: '',
      serverCertDomainSan: '',
      protocol: 'http1',
      availabilityZone: '',
      isolationSegment: '',
      routeServiceUrl: '',
      staleThresholdMs: 120_000,
      updatedAtNs: '0',
      tags: null,
      options: NO_OPTIONS,
      ...endpoint,
    },
  };
}

/** `count` entries as a platform's register messages make them, each on a route of its own. */
export function typicalRoutes(count: number): StoredRoute[] {
  return Array.from({ length: count }, (_, i) => {
    const guid = `6f3a1b2c-1111-4222-8333-${String(i).padStart(12, '0')}`;
    return storedRoute(`app-${i}.apps.example.com`, {
      host: `10.10.${(i >> 8) & 255}.${i & 255}`,
      port: 61_000 + (i % 100),
      tls: true,
      appId: guid,
      instanceId: `${guid}-1`,
      instanceIndex: String(i % 4),
      serverCertDomainSan: `${guid}-1`,
      availabilityZone: 'z1',
      updatedAtNs: '1760000000000000000',
      tags: { component: 'app', process_id: guid, app_name: `app-${i}` },
    });
  });
}

/** Entries whose texts are hard on stores and codecs. */
export const ODD_ROUTES: readonly StoredRoute[] = [
  storedRoute(
    'full.example.com/v1/users',
    {
      host: '2001:db8::1',
      port: 65_535,
      tls: true,
      appId: 'app',
      instanceId: 'instance',
      instanceIndex: '7',
      serverCertDomainSan: 'san.example.com',
      protocol: 'http2',
      availabilityZone: 'z1',
      isolationSegment: 'is1',
      routeServiceUrl: 'https://service.example.com/?a=b',
      staleThresholdMs: 5_000,
      updatedAtNs: '1760000000123456789',
      tags: { component: 'app' },
      options: { loadbalancing: 'hash', hashHeader: 'X-User', hashBalance: 1.25, slowStart: 30 },
    },
    { contextPath: '/V1/Users', confirmedAtMs: 1_760_000_000_001 },
  ),
  storedRoute('unicode-ü-日本-😀.example.com', { appId: 'ä\u2028\u2029', tags: { 日本: '😀', '': '' } }),
  storedRoute('with spaces\tand\ttabs\nand lines', { instanceId: '\t"quoted"\\\r\n' }),
  storedRoute('nul\0in it', { appId: 'a\0b' }),
  storedRoute('half a pair \ud800', { appId: '\udc00' }),
  storedRoute('half a pair \udbff', { appId: 'another, which no encoding may mix up with the one before' }),
  storedRoute('long.example.com', { tags: { long: 'x'.repeat(300_000), __proto__x: '1' } }),
  storedRoute('', {
    host: '',
    port: 0,
    staleThresholdMs: -1000,
    updatedAtNs: '-9223372036854775808',
    tags: {},
  }),
  storedRoute('other-protocol', { protocol: '', options: { ...NO_OPTIONS, loadbalancing: 'nonsense' } }),
  storedRoute('at once', { options: { ...NO_OPTIONS, slowStart: 0 } }),
  storedRoute('bracketed', { address: '[::1]:8080', host: '::1', port: 8080 }),
];

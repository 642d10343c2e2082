import { type Endpoint, NO_OPTIONS, type Registration } from '../routes/endpoint.ts';
import { effectiveThresholdMs } from '../routes/stale-threshold.ts';

/** A route of the routing API as the registry takes it, and its name in the lists of the API. */
export interface ApiRoute {
  /** Route, address and port: two entries with the same are one route in two states. */
  readonly id: string;
  readonly registration: Registration & Required<Pick<Registration, 'modificationTag'>>;
}

/**
 * One route object of the routing API (contract: operations.md 12); a text that says what is wrong with it. Never
 * throws. `staleThresholdMs` is the router's own.
 */
export function parseApiRoute(value: unknown, staleThresholdMs: number): ApiRoute | string {
  if (!isObject(value)) return `an object is expected, not ${named(value)}`;
  const { route, port, ip, ttl = 0, log_guid = '', route_service_url = '', modification_tag = {} } = value;
  if (typeof route !== 'string' || route === '') return `route: text is expected, not ${named(route)}`;
  if (typeof ip !== 'string' || ip === '') return `ip: text is expected, not ${named(ip)}`;
  if (!isWhole(port) || port < 1 || port > 65_535) return `port: 1 to 65535 is expected, not ${named(port)}`;
  if (ttl !== null && !isWhole(ttl)) return `ttl: whole seconds are expected, not ${named(ttl)}`;
  for (const [field, text] of Object.entries({ log_guid, route_service_url })) {
    if (typeof text !== 'string') return `${field}: text is expected, not ${named(text)}`;
  }
  const tag = modification_tag ?? {};
  if (!isObject(tag)) return `modification_tag: an object is expected, not ${named(tag)}`;
  const { guid = '', index = 0 } = tag;
  if (typeof guid !== 'string') return `modification_tag.guid: text is expected, not ${named(guid)}`;
  if (!isWhole(index)) return `modification_tag.index: a whole number is expected, not ${named(index)}`;

  const endpoint: Endpoint = {
    address: `${ip}:${port}`,
    host: ip,
    port,
    tls: false,
    appId: String(log_guid),
    instanceId: '',
    instanceIndex: '',
    serverCertDomainSan: String(log_guid),
    protocol: '',
    availabilityZone: '',
    isolationSegment: '',
    routeServiceUrl: String(route_service_url),
    staleThresholdMs: effectiveThresholdMs(ttl ?? 0, staleThresholdMs),
    updatedAtNs: '0',
    tags: null,
    options: NO_OPTIONS,
  };
  return {
    id: `${route}\u0000${ip}\u0000${port}`,
    registration: { uris: [route], endpoint, modificationTag: { guid, index } },
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}

function named(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value).slice(0, 64);
}

import { type Endpoint, type EndpointOptions, NO_OPTIONS } from '../routes/endpoint.ts';
import { isRouteId, routeId } from './route-id.ts';
import type { StoredRoute } from './store.ts';

const INTEGER_TEXT = /^-?\d{1,19}$/;

/**
 * One entry as JSON text. Members that say what their absence says are left out: with 100,000 routes the size is
 * most of what a load costs.
 */
export function encodeRoute(route: StoredRoute): string {
  const e = route.endpoint;
  // One literal with undefined members, rather than members added one by one: half the time, measured.
  return JSON.stringify({
    key: route.key,
    path: route.contextPath === '/' ? undefined : route.contextPath,
    address: e.address === `${e.host}:${e.port}` ? undefined : e.address,
    host: e.host,
    port: e.port,
    tls: e.tls || undefined,
    app: e.appId || undefined,
    instance: e.instanceId || undefined,
    index: e.instanceIndex || undefined,
    san: e.serverCertDomainSan || undefined,
    protocol: e.protocol === 'http1' ? undefined : e.protocol,
    zone: e.availabilityZone || undefined,
    segment: e.isolationSegment || undefined,
    routeService: e.routeServiceUrl || undefined,
    staleMs: e.staleThresholdMs,
    updatedNs: e.updatedAtNs === '0' ? undefined : e.updatedAtNs,
    tags: e.tags ?? undefined,
    options: encodeOptions(e.options),
    confirmedMs: route.confirmedAtMs,
  });
}

function encodeOptions(options: EndpointOptions): object | undefined {
  if (options === NO_OPTIONS) return undefined;
  const { loadbalancing, hashHeader, hashBalance, slowStart } = options;
  if (loadbalancing === '' && hashHeader === '' && hashBalance === 0 && slowStart === undefined)
    return undefined;
  return {
    loadbalancing: loadbalancing || undefined,
    hashHeader: hashHeader || undefined,
    hashBalance: hashBalance || undefined,
    slowStart,
  };
}

/**
 * The entry that was stored under `id`, or a line that says what is wrong with it. Unknown members are ignored
 * and missing ones take their defaults, so that versions on either side of an upgrade can read each other.
 */
export function decodeRoute(id: string, text: string): StoredRoute | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return damage(id, 'is not JSON');
  }
  if (!isObject(value)) return damage(id, 'is not a JSON object');
  try {
    return readRoute(id, value);
  } catch (error) {
    if (error instanceof Damage) return damage(id, error.message);
    throw error;
  }
}

class Damage extends Error {}

type Members = Readonly<Record<string, unknown>>;

function readRoute(id: string, from: Members): StoredRoute {
  const key = text(from.key, 'key');
  const host = text(from.host, 'host');
  const port = number(from.port, 'port');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Damage(`has port ${port}, not 0 to 65535`);
  const address = text(from.address, 'address', `${host}:${port}`);
  if (!isRouteId(id, key, address)) throw new Damage(`holds another route: ${shown(routeId(key, address))}`);
  const updatedAtNs = text(from.updatedNs, 'updatedNs', '0');
  if (!INTEGER_TEXT.test(updatedAtNs)) throw new Damage('has an updatedNs that is not a whole number');

  const endpoint: Endpoint = {
    address,
    host,
    port,
    tls: flag(from.tls, 'tls'),
    appId: text(from.app, 'app', ''),
    instanceId: text(from.instance, 'instance', ''),
    instanceIndex: text(from.index, 'index', ''),
    serverCertDomainSan: text(from.san, 'san', ''),
    protocol: text(from.protocol, 'protocol', 'http1'),
    availabilityZone: text(from.zone, 'zone', ''),
    isolationSegment: text(from.segment, 'segment', ''),
    routeServiceUrl: text(from.routeService, 'routeService', ''),
    staleThresholdMs: number(from.staleMs, 'staleMs', undefined),
    updatedAtNs,
    tags: readTags(from.tags),
    options: readOptions(from.options),
  };
  return {
    key,
    contextPath: text(from.path, 'path', '/'),
    endpoint,
    confirmedAtMs: number(from.confirmedMs, 'confirmedMs', 0),
  };
}

function readTags(value: unknown): Endpoint['tags'] {
  if (value === undefined) return null;
  if (!isObject(value)) throw new Damage('has tags that are not an object');
  for (const name in value) {
    if (typeof value[name] !== 'string') throw new Damage(`has a tag ${shown(name)} that is not text`);
  }
  return value as Record<string, string>;
}

function readOptions(value: unknown): EndpointOptions {
  if (value === undefined) return NO_OPTIONS;
  if (!isObject(value)) throw new Damage('has options that are not an object');
  return {
    loadbalancing: text(value.loadbalancing, 'loadbalancing', ''),
    hashHeader: text(value.hashHeader, 'hashHeader', ''),
    hashBalance: number(value.hashBalance, 'hashBalance', 0),
    slowStart: value.slowStart === undefined ? undefined : number(value.slowStart, 'slowStart'),
  };
}

function text(value: unknown, name: string, fallback?: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined && fallback !== undefined) return fallback;
  throw new Damage(value === undefined ? `lacks ${name}` : `has a ${name} that is not text`);
}

function number(value: unknown, name: string, fallback?: number): number {
  // JSON can write 1e999, which parses to Infinity.
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value === undefined && fallback !== undefined) return fallback;
  throw new Damage(value === undefined ? `lacks ${name}` : `has a ${name} that is not a number`);
}

function flag(value: unknown, name: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new Damage(`has a ${name} that is neither true nor false`);
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damage(id: string, what: string): string {
  return `${shown(id)} ${what}`;
}

/** Quoted, so that control bytes cannot reach a log, and bounded. */
function shown(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}...` : name);
}

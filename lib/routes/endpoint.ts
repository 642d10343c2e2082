import type { ModificationTag } from './modification-tag.ts';

/** The `options` member of a register message, as far as this router acts on it (contract: newer.md 2-3). */
export interface EndpointOptions {
  /** As sent, an invalid text too: `/routes` shows it. Empty when absent. */
  readonly loadbalancing: string;
  /** Header hashed by `loadbalancing: hash`. Empty when absent. */
  readonly hashHeader: string;
  /** Load factor above which `hash` passes an endpoint by; 0 = load is not looked at. */
  readonly hashBalance: number;
  /** Seconds over which a new endpoint's share grows to full; 0 = at once, undefined = as the router does by default. */
  readonly slowStart: number | undefined;
}

/**
 * One `host:port` that serves routes, as registered (contract: bus.md 4). Immutable: a changed registration
 * makes a new object. One object serves all URIs of a message.
 */
export interface Endpoint {
  /** Identity inside a pool: `host:port`, the port being `tls_port` when that is set. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly appId: string;
  readonly instanceId: string;
  readonly instanceIndex: string;
  readonly serverCertDomainSan: string;
  /** `http1`, `http2`, or whatever else was sent, which behaves as `http1`. */
  readonly protocol: string;
  readonly availabilityZone: string;
  readonly isolationSegment: string;
  readonly routeServiceUrl: string;
  /** Effective threshold in ms: the message's own when lower than the router's (registry.md 6). */
  readonly staleThresholdMs: number;
  /** Unix time in ns as decimal text: beyond what a JS number holds. `0` when absent. */
  readonly updatedAtNs: string;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly options: EndpointOptions;
}

export const NO_OPTIONS: EndpointOptions = Object.freeze({
  loadbalancing: '',
  hashHeader: '',
  hashBalance: 0,
  slowStart: undefined,
});

/** What a register or unregister message says, once parsed: routes in list order, and the endpoint they share. */
export interface Registration {
  readonly uris: readonly string[];
  readonly endpoint: Endpoint;
  /** Absent on the bus. */
  readonly modificationTag?: ModificationTag;
}

/** Whether a registration says nothing new, so that it only moves a deadline (registry.md 4, zone included). */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  if (a === b) return true;
  return (
    a.address === b.address &&
    a.tls === b.tls &&
    a.updatedAtNs === b.updatedAtNs &&
    a.appId === b.appId &&
    a.instanceId === b.instanceId &&
    a.instanceIndex === b.instanceIndex &&
    a.serverCertDomainSan === b.serverCertDomainSan &&
    a.protocol === b.protocol &&
    a.availabilityZone === b.availabilityZone &&
    a.isolationSegment === b.isolationSegment &&
    a.routeServiceUrl === b.routeServiceUrl &&
    a.staleThresholdMs === b.staleThresholdMs &&
    sameOptions(a.options, b.options) &&
    sameTags(a.tags, b.tags)
  );
}

function sameOptions(a: EndpointOptions, b: EndpointOptions): boolean {
  if (a === b) return true;
  return (
    a.loadbalancing === b.loadbalancing &&
    a.hashHeader === b.hashHeader &&
    a.hashBalance === b.hashBalance &&
    a.slowStart === b.slowStart
  );
}

function sameTags(a: Endpoint['tags'], b: Endpoint['tags']): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  let count = 0;
  for (const name in a) {
    if (a[name] !== b[name]) return false;
    count += 1;
  }
  for (const _ in b) count -= 1;
  return count === 0;
}

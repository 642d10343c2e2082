import type { Change } from '../routes/change.ts';
import { type Endpoint, type EndpointOptions, NO_OPTIONS } from '../routes/endpoint.ts';
import type { Algorithm, Pool, PoolSettings } from '../routes/pool.ts';

/**
 * The text that travels between primary and worker: JSON arrays by position. Half the size of objects with
 * names, and both ends are of one version by construction (a worker is forked from its primary's files).
 */

type SettingsTuple = readonly [string, string, string, string, number];
type OptionsTuple = readonly [string, string, number, number];
type EndpointTuple = readonly [
  host: string,
  port: number,
  tls: 0 | 1,
  appId: string,
  instanceId: string,
  instanceIndex: string,
  /** 0 = the same as the instance id, which it nearly always is. */
  san: string | 0,
  protocol: string,
  zone: string,
  segment: string,
  routeServiceUrl: string,
  staleThresholdMs: number,
  updatedAtNs: string,
  tags: Record<string, string> | null,
  options: OptionsTuple | 0,
];
type PoolTuple = readonly [
  key: string,
  settings: SettingsTuple,
  endpoints: EndpointTuple[],
  marks: Mark[] | 0,
];
type ChangeTuple =
  | readonly ['p', string, SettingsTuple]
  /** 0 = the endpoint of the change before: all URIs of one message share one. */
  | readonly ['u', string, EndpointTuple | 0]
  | readonly ['r', string, string]
  | readonly ['d', string]
  | readonly ['m', string, string, number];

/** An endpoint's address and the Unix ms until which its failure mark lasts. */
export type Mark = readonly [address: string, untilMs: number];

/** A pool with the failure marks in force. */
export interface MarkedPool {
  readonly pool: Pool;
  readonly marks: readonly Mark[];
}

/** One change as JSON text. `previous` is the endpoint of the change before it in the same message. */
export function encodeChange(change: Change, previous: Endpoint | undefined): string {
  return JSON.stringify(changeTuple(change, previous));
}

function changeTuple(change: Change, previous: Endpoint | undefined): ChangeTuple {
  switch (change.op) {
    case 'pool':
      return ['p', change.key, settingsTuple(change.settings)];
    case 'put':
      return ['u', change.key, change.endpoint === previous ? 0 : endpointTuple(change.endpoint)];
    case 'remove':
      return ['r', change.key, change.address];
    case 'drop':
      return ['d', change.key];
    case 'mark':
      return ['m', change.key, change.address, change.untilMs];
  }
}

export function encodePool({ pool, marks }: MarkedPool): string {
  const tuple: PoolTuple = [
    pool.key,
    settingsTuple(pool.settings),
    pool.endpoints.map(endpointTuple),
    marks.length === 0 ? 0 : [...marks],
  ];
  return JSON.stringify(tuple);
}

/** The changes of one `delta`. Throws what JSON.parse throws: the caller asks for the whole table. */
export function decodeChanges(text: string, intern: Interner): Change[] {
  const changes: Change[] = [];
  let previous: Endpoint | undefined;
  for (const tuple of JSON.parse(text) as ChangeTuple[]) {
    if (tuple[0] === 'u' && tuple[2] !== 0) previous = decodeEndpoint(tuple[2], intern);
    changes.push(decodeChange(tuple, previous, intern));
  }
  return changes;
}

function decodeChange(tuple: ChangeTuple, endpoint: Endpoint | undefined, intern: Interner): Change {
  switch (tuple[0]) {
    case 'p':
      return { op: 'pool', key: tuple[1], settings: intern.settings(tuple[2]) };
    case 'u':
      if (endpoint === undefined) throw new Error('a change refers to an endpoint that was not sent');
      return { op: 'put', key: tuple[1], endpoint };
    case 'r':
      return { op: 'remove', key: tuple[1], address: tuple[2] };
    case 'd':
      return { op: 'drop', key: tuple[1] };
    case 'm':
      return { op: 'mark', key: tuple[1], address: tuple[2], untilMs: tuple[3] };
  }
}

export function decodePools(text: string, intern: Interner): MarkedPool[] {
  return (JSON.parse(text) as PoolTuple[]).map(([key, settings, endpoints, marks]) => ({
    pool: {
      key,
      settings: intern.settings(settings),
      endpoints: endpoints.map((tuple) => decodeEndpoint(tuple, intern)),
    },
    marks: marks === 0 ? [] : marks,
  }));
}

function settingsTuple(s: PoolSettings): SettingsTuple {
  return [s.contextPath, s.routeServiceUrl, s.algorithm, s.hashHeader, s.hashBalance];
}

function endpointTuple(e: Endpoint): EndpointTuple {
  const { options } = e;
  return [
    e.host,
    e.port,
    e.tls ? 1 : 0,
    e.appId,
    e.instanceId,
    e.instanceIndex,
    e.serverCertDomainSan === e.instanceId ? 0 : e.serverCertDomainSan,
    e.protocol,
    e.availabilityZone,
    e.isolationSegment,
    e.routeServiceUrl,
    e.staleThresholdMs,
    e.updatedAtNs,
    e.tags,
    options === NO_OPTIONS
      ? 0
      : [options.loadbalancing, options.hashHeader, options.hashBalance, options.slowStart],
  ];
}

function decodeEndpoint(t: EndpointTuple, intern: Interner): Endpoint {
  return {
    address: `${t[0]}:${t[1]}`,
    host: t[0],
    port: t[1],
    tls: t[2] === 1,
    appId: t[3],
    instanceId: t[4],
    instanceIndex: t[5],
    serverCertDomainSan: t[6] === 0 ? t[4] : t[6],
    protocol: t[7],
    availabilityZone: t[8],
    isolationSegment: t[9],
    routeServiceUrl: t[10],
    staleThresholdMs: t[11],
    updatedAtNs: t[12],
    tags: intern.tags(t[13]),
    options: t[14] === 0 ? NO_OPTIONS : intern.options(t[14]),
  };
}

const INTERN_LIMIT = 4096;

/**
 * Gives one object for equal settings, tags and options: a table of 100,000 routes has few different ones.
 * Bounded, because tags may as well be different for every app: beyond the limit each is its own.
 */
export class Interner {
  readonly #known = new Map<string, unknown>();

  settings(tuple: SettingsTuple): PoolSettings {
    return this.#one(`s${tuple.join('\0')}`, () => ({
      contextPath: tuple[0],
      routeServiceUrl: tuple[1],
      algorithm: tuple[2] as Algorithm,
      hashHeader: tuple[3],
      hashBalance: tuple[4],
    }));
  }

  options(tuple: OptionsTuple): EndpointOptions {
    return this.#one(`o${tuple.join('\0')}`, () => ({
      loadbalancing: tuple[0],
      hashHeader: tuple[1],
      hashBalance: tuple[2],
      slowStart: tuple[3],
    }));
  }

  tags(tags: Record<string, string> | null): Endpoint['tags'] {
    if (tags === null) return null;
    let key = 't';
    for (const name in tags) key += `${name}\0${tags[name]}\0`;
    return this.#one(key, () => tags);
  }

  #one<T>(key: string, make: () => T): T {
    const known = this.#known.get(key);
    if (known !== undefined) return known as T;
    const made = make();
    if (this.#known.size < INTERN_LIMIT) this.#known.set(key, made);
    return made;
  }
}

import type { Change } from '../routes/change.ts';
import { type Endpoint, type EndpointOptions, NO_OPTIONS } from '../routes/endpoint.ts';
import type { Algorithm, Pool, PoolSettings } from '../routes/pool.ts';

/**
 * The text that travels between primary and worker: JSON arrays by position. Half the size of objects with
 * names, and both ends are of one version by construction (a worker is forked from its primary's files).
 */

type SettingsTuple = readonly [string, string, string, string, number];
/** The last: null = not said. */
type OptionsTuple = readonly [string, string, number, number | null];
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
      : [options.loadbalancing, options.hashHeader, options.hashBalance, options.slowStart ?? null],
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
    tags: intern.tags(t[13], t[3]),
    options: t[14] === 0 ? NO_OPTIONS : intern.options(t[14]),
  };
}

const INTERN_LIMIT = 4096;

/**
 * Gives one object for equal settings and options, and for equal tags in a row: a table of 100,000 routes has few
 * different ones. Tags differ from app to app, most of their texts do not. Bounded: beyond the limit each is its own.
 */
export class Interner {
  readonly #known = new Map<string, unknown>();
  readonly #texts = new Map<string, string>();
  #settings: PoolSettings | undefined;
  #tags: Record<string, string> = {};

  settings(tuple: SettingsTuple): PoolSettings {
    const [contextPath, routeServiceUrl, algorithm, hashHeader, hashBalance] = tuple;
    const last = this.#settings;
    if (
      last !== undefined &&
      last.contextPath === contextPath &&
      last.routeServiceUrl === routeServiceUrl &&
      last.algorithm === algorithm &&
      last.hashHeader === hashHeader &&
      last.hashBalance === hashBalance
    ) {
      return last;
    }
    this.#settings = this.#one(`s${tuple.join('\0')}`, () => ({
      contextPath,
      routeServiceUrl,
      algorithm: algorithm as Algorithm,
      hashHeader,
      hashBalance,
    }));
    return this.#settings;
  }

  options(tuple: OptionsTuple): EndpointOptions {
    return this.#one(`o${tuple.join('\0')}`, () => ({
      loadbalancing: tuple[0],
      hashHeader: tuple[1],
      hashBalance: tuple[2],
      slowStart: tuple[3] ?? undefined,
    }));
  }

  /** `appId` is what the tag `process_id` says for an app's main process. */
  tags(tags: Record<string, string> | null, appId: string): Endpoint['tags'] {
    if (tags === null) return null;
    if (isSame(tags, this.#tags)) return this.#tags;
    for (const name in tags) {
      const text = tags[name]!;
      tags[name] = text === appId ? appId : this.text(text);
    }
    this.#tags = tags;
    return tags;
  }

  /** The same text, once in memory. For what repeats: anything else is kept for nothing. */
  text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size < INTERN_LIMIT) this.#texts.set(text, text);
    return text;
  }

  #one<T>(key: string, make: () => T): T {
    const known = this.#known.get(key);
    if (known !== undefined) return known as T;
    const made = make();
    if (this.#known.size < INTERN_LIMIT) this.#known.set(key, made);
    return made;
  }
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  let left = 0;
  for (const name in a) {
    if (a[name] !== b[name]) return false;
    left += 1;
  }
  for (const _ in b) left -= 1;
  return left === 0;
}

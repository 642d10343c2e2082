import type { WorkerStats } from '../ipc/messages.ts';
import type { CounterValues } from '../request/counters.ts';
import type { Endpoint } from '../routes/endpoint.ts';

/** One route as `/routes` shows it. */
export interface RouteView {
  readonly key: string;
  readonly endpoints: readonly EndpointView[];
}

export interface EndpointView {
  readonly endpoint: Endpoint;
  /** It comes from the snapshot and has not been heard of since. */
  readonly restored: boolean;
}

export interface WorkerView {
  readonly id: number;
  /** Its place, 0 and up: unlike its id the same for a worker that replaces it. */
  readonly slot: number;
  readonly pid: number;
  readonly state: string;
  /** Of the table it has; empty before it has one. */
  readonly epoch: string;
  /** Last change that was sent to it. */
  readonly seq: number;
  /** Last change that it said it has. */
  readonly ackedSeq: number;
  /** Changes it has not acknowledged. */
  readonly lagChanges: number;
  /** How long the oldest of them has been waiting. */
  readonly lagMs: number;
  readonly resyncs: number;
  /** Of its table, as it last said. */
  readonly checksum: number;
  /** How long ago it sent its figures, or was started. Above some 10 s: it is stuck. */
  readonly silentMs: number;
  /** undefined until it sent some. */
  readonly stats: WorkerStats | undefined;
}

export interface StoreView {
  readonly kind: string;
  /** Unix ms, undefined = not yet. */
  readonly lastSavedAtMs: number | undefined;
  readonly failing: boolean;
}

/** How many requests an app had. */
export interface AppRequests {
  readonly app: string;
  readonly requests: number;
}

export interface PrimaryFigures {
  readonly startedAtMs: number;
  /** `index` of the configuration. */
  readonly index: number;
  readonly uuid: string;
  readonly routes: number;
  /** Over all routes; an address on two routes counts twice. */
  readonly endpoints: number;
  /** Distinct addresses. */
  readonly addresses: number;
  /** Since the last accepted register message; -1 = there was none. */
  readonly msSinceLastUpdate: number;
  /** Of all workers since the start, those that are gone included. */
  readonly total: CounterValues;
  /** The apps with most requests in the last minute; none unless they are counted. */
  readonly busiestApps: readonly AppRequests[];
  /** Counts per latency bucket by component, since the start; none unless they are counted. */
  readonly componentLatency: ReadonlyMap<string, readonly number[]>;
  readonly store: StoreView;
  /** Figures of the NATS connection, by name. */
  readonly feed: Readonly<Record<string, number | string | boolean>>;
  readonly epoch: string;
  readonly seq: number;
  readonly checksum: number;
}

/** Of the primary's own process. */
export interface ProcessFigures {
  readonly pid: number;
  /** Resident memory, bytes. */
  readonly rss: number;
  /** Bytes. */
  readonly heapUsed: number;
  /** User and system time since the start. */
  readonly cpuMs: number;
  /** Longest time for which the event loop was held up, since the last reading. */
  readonly loopDelayMaxMs: number;
}

/** What the status servers ask the primary. All answers are those of this moment. */
export interface StatusSources {
  /** Started, not draining, and able to serve: what load balancers are told. */
  healthy(): boolean;
  /** What `/is-process-alive-do-not-use-for-loadbalancing` says. */
  alive(): boolean;
  /**
   * Read a slice at a time over many turns of the event loop, so the table may change under the reader: give a live
   * iteration (a Map's own will do), not a copy of the whole.
   */
  routes(): Iterable<RouteView>;
  workers(): readonly WorkerView[];
  figures(): PrimaryFigures;
  /** Each reading begins a new measurement of the event loop. */
  readProcess(): ProcessFigures;
}

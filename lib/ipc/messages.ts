import type { Config } from '../config/schema.ts';
import type { CounterValues } from '../request/counters.ts';
import type { Traffic } from '../request/traffic.ts';
import type { FrontTls } from '../tls/front-tls.ts';

/**
 * What the primary sends to a worker. Replication is a log: every change has a sequence number within an epoch
 * (one per life of a primary). `table` counts the whole tables sent to this worker, so that what was sent for
 * an older one, or arrives twice, is told apart.
 */
export type ToWorker =
  /** The answer to `started`: who you are. `slot` is 0 .. `workers`-1 and outlives the process. */
  | {
      readonly type: 'configure';
      readonly config: Config;
      readonly slot: number;
      readonly workers: number;
      readonly routerIp: string;
      /** Text of the error page; empty = none. */
      readonly errorPage: string;
    }
  /** A table follows. The one in use stays in use until `table-end`. */
  | { readonly type: 'table-start'; readonly epoch: string; readonly table: number; readonly seq: number }
  /** Encoded pools (codec.ts), each as it stood when the chunk was made; chunks count from 1. */
  | {
      readonly type: 'table-chunk';
      readonly epoch: string;
      readonly table: number;
      readonly chunk: number;
      readonly pools: string;
      /** No ack is wanted: that for a later chunk, or for the end, will do. */
      readonly quiet?: true;
    }
  /** All was sent: `chunks` of them. With the deltas sent meanwhile, up to `seq`, the table has this checksum. */
  | {
      readonly type: 'table-end';
      readonly epoch: string;
      readonly table: number;
      readonly chunks: number;
      readonly seq: number;
      readonly checksum: number;
    }
  /** Changes `first`..`last`, encoded (codec.ts); the table has `checksum` after them. */
  | {
      readonly type: 'delta';
      readonly epoch: string;
      readonly first: number;
      readonly last: number;
      readonly checksum: number;
      readonly changes: string;
    }
  /** What was sent last: goes to a worker that owes an ack, so that a lost message is noticed. */
  | {
      readonly type: 'beat';
      readonly epoch: string;
      readonly table: number;
      readonly chunk: number;
      readonly ended: boolean;
      readonly seq: number;
    }
  /** Open the listeners. Port 0 = any free one, told in `listening`. */
  | { readonly type: 'listen'; readonly ports: TrafficPorts }
  /** Certificates and rules for the TLS connections that come from now on. */
  | { readonly type: 'front-tls'; readonly tls: FrontTls }
  /** Keys of session tickets, base64, the newest first. */
  | { readonly type: 'ticket-keys'; readonly keys: readonly string[] }
  /** Whether the router as a whole is healthy: what a health-check User-Agent is told. */
  | { readonly type: 'health'; readonly healthy: boolean }
  /** Refuse new work, finish the old within `timeoutMs`, exit 0. */
  | { readonly type: 'drain'; readonly timeoutMs: number }
  /** Reopen the access log file. */
  | { readonly type: 'reopen-logs' }
  /** From now on write log lines of that level (`logging.level`) and above. */
  | { readonly type: 'log-level'; readonly level: string }
  /** Look at yourself for that long, and write what you saw to the file. Answered by `diagnosed`. */
  | {
      readonly type: 'diagnose';
      readonly id: number;
      readonly kind: DiagnosisKind;
      readonly seconds: number;
      readonly file: string;
    };

/** `cpu`: where time goes. `allocations`: who allocated what is alive. `snapshot`: all that is alive. */
export type DiagnosisKind = 'cpu' | 'allocations' | 'snapshot';

/** What a worker sends to the primary. */
export type ToPrimary =
  /** The worker's code is loaded. Not before may anything be sent to it: node:cluster would drop it unheard. */
  | { readonly type: 'started' }
  /** It is configured: a table may come. */
  | { readonly type: 'hello' }
  /** All up to `seq` is applied to table number `table`, of which `chunk` chunks have come. */
  | {
      readonly type: 'ack';
      readonly epoch: string;
      readonly table: number;
      readonly chunk: number;
      readonly seq: number;
      readonly checksum: number;
      /** Whether that table is whole and in use. */
      readonly complete: boolean;
    }
  /** A gap, a foreign epoch or a wrong checksum: send the whole table. */
  | { readonly type: 'resync'; readonly reason: string }
  | { readonly type: 'listening'; readonly ports: TrafficPorts; readonly mode: ListenMode }
  | { readonly type: 'listen-failed'; readonly listener: keyof TrafficPorts; readonly message: string }
  /** An attempt failed in a way that says something about the endpoint. */
  | {
      readonly type: 'endpoint-failed';
      readonly key: string;
      readonly address: string;
      /** What registry.md 10 says of that failure: mark it, or remove it from the pool. */
      readonly verdict: EndpointVerdict;
      readonly error: string;
    }
  | { readonly type: 'stats'; readonly stats: WorkerStats }
  /** `error`: empty when the file is there. */
  | { readonly type: 'diagnosed'; readonly id: number; readonly error: string }
  /** The answer to the first `drain`: the connections there are then, tunnels left out. */
  | { readonly type: 'draining'; readonly active: number; readonly idle: number };

/** Of the traffic listeners; undefined where there is none. */
export interface TrafficPorts {
  readonly http: number | undefined;
  readonly https: number | undefined;
}

export type ListenMode = 'reuse-port' | 'shared-handle';
export type EndpointVerdict = 'mark' | 'prune';

/** One worker's figures, sent at most once a second when they changed, and at least every 10 s. */
export interface WorkerStats {
  readonly counters: CounterValues;
  /** Seconds that the latest request of each app took, of those with one since the message before. */
  readonly sources?: ReadonlyMap<string, number>;
  /** Requests by app and component since the message before. */
  readonly traffic?: Traffic;
  readonly activeRequests: number;
  readonly openConnections: number;
  readonly openTunnels: number;
  readonly idleEndpointConnections: number;
  readonly routes: number;
  readonly endpoints: number;
  /** Bytes. */
  readonly rss: number;
  readonly heapUsed: number;
  /** CPU time of the worker since it started, ms. */
  readonly cpuMs: number;
  /** Longest event loop delay since the message before, ms. */
  readonly loopDelayMaxMs: number;
}

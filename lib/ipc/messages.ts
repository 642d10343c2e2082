import type { CounterValues } from '../request/counters.ts';

/** What the primary sends to a worker. */
export type ToWorker =
  /** A table follows: forget any half-received one. The table in use stays in use until `table-end`. */
  | { readonly type: 'table-start'; readonly epoch: string; readonly seq: number; readonly pools: number }
  /** Part of that table: encoded pools (codec.ts), each as it stood when the chunk was made. */
  | { readonly type: 'table-chunk'; readonly epoch: string; readonly chunk: number; readonly pools: string }
  /** All of it was sent; with the deltas sent meanwhile it has this checksum. */
  | { readonly type: 'table-end'; readonly epoch: string; readonly seq: number; readonly checksum: number }
  /** Changes `first`..`last`, encoded (codec.ts); the table has `checksum` after them. */
  | {
      readonly type: 'delta';
      readonly epoch: string;
      readonly first: number;
      readonly last: number;
      readonly checksum: number;
      readonly changes: string;
    }
  /** Where the table stands: sent to a worker that owes an ack, so that a lost message is noticed. */
  | { readonly type: 'beat'; readonly epoch: string; readonly seq: number; readonly checksum: number }
  /** Open the listeners. Port 0 = any free one, told in `listening`. */
  | { readonly type: 'listen'; readonly port: number }
  /** Whether the router as a whole is healthy: what a health-check User-Agent is told. */
  | { readonly type: 'health'; readonly healthy: boolean }
  /** Refuse new work, finish the old within `timeoutMs`, exit 0. */
  | { readonly type: 'drain'; readonly timeoutMs: number }
  /** Reopen the access log file. */
  | { readonly type: 'reopen-logs' };

/** What a worker sends to the primary. */
export type ToPrimary =
  /** The worker's code is loaded: a table may come. */
  | { readonly type: 'hello' }
  /** All up to `seq` is applied, `chunk` table chunks were received since the last `table-start`. */
  | {
      readonly type: 'ack';
      readonly epoch: string;
      readonly seq: number;
      readonly checksum: number;
      readonly chunk: number;
      /** Whether the table in use is complete. */
      readonly complete: boolean;
    }
  /** A gap, a foreign epoch or a wrong checksum: send the whole table. */
  | { readonly type: 'resync'; readonly reason: string }
  | { readonly type: 'listening'; readonly address: string; readonly port: number; readonly mode: ListenMode }
  | { readonly type: 'listen-failed'; readonly code: string; readonly message: string }
  /** An attempt failed in a way that says something about the endpoint. */
  | {
      readonly type: 'endpoint-failed';
      readonly key: string;
      readonly address: string;
      /** What registry.md 10 says of that failure: mark it, or remove it from the pool. */
      readonly verdict: 'mark' | 'prune';
      readonly error: string;
    }
  | { readonly type: 'stats'; readonly stats: WorkerStats };

export type ListenMode = 'reuse-port' | 'shared-handle';

/** One worker's figures, sent at most once a second and only when they changed. */
export interface WorkerStats {
  readonly counters: CounterValues;
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

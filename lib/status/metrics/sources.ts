import type { PrimaryFigures, WorkerView } from '../sources.ts';

/** What messages about the endpoints of one component came to, in URIs. */
export interface MessageFigures {
  readonly added: number;
  readonly updated: number;
  readonly refreshed: number;
  readonly unmodified: number;
  readonly unregister: number;
}

/** Of the route table, since the start. */
export interface RegistryFigures {
  /** By component; empty for endpoints without one. */
  readonly messages: ReadonlyMap<string, MessageFigures>;
  readonly unregistered: number;
  readonly pruned: number;
  readonly marked: number;
  readonly prunedOnFailure: number;
  readonly restored: number;
  readonly routesRegistered: number;
  readonly routesUnregistered: number;
  readonly registrationLatencyMs: number;
}

/** What the metrics ask the primary. All answers are those of this moment. */
export interface MetricSources {
  healthy(): boolean;
  figures(): PrimaryFigures;
  workers(): readonly WorkerView[];
  registry(): RegistryFigures;
  /** Routes balanced by hash, with the number of their endpoints. */
  hashPools(): Iterable<readonly [string, number]>;
  /** Seconds that the latest request of each app took, by `source_id`. */
  latestBySource(): ReadonlyMap<string, number>;
  /** Workers that ended although nobody had told them to. */
  workerDeaths(): number;
  /** Whole tables sent to workers beyond the first of each. */
  resyncs(): number;
  /** Lines of the primary's own operational log. */
  logLinesLost(): number;
}

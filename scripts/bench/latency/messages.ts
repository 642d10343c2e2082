/** What the generator's process is told: GETs at a constant rate, whether answers come or not. */
export interface OpenLoad {
  readonly port: number;
  readonly host: string;
  readonly connections: number;
  readonly perSecond: number;
  /** The first of them do not count: connections are new. */
  readonly leadInSeconds: number;
  readonly seconds: number;
}

/** What it saw; times in ms, each from the moment the request was due until its answer had come in full. */
export interface OpenLoadResult {
  readonly answered: number;
  /** Answers that were not 200, and connections that broke. */
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** How late requests were sent that a free connection waited for: the generator's own part in the times. */
  readonly ownDelayP99Ms: number;
}

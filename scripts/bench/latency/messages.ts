/** Asks the generator's process to be the endpoint as well; told before any load. */
export interface Listen {
  readonly kind: 'listen';
}

/** It is. */
export interface Listening {
  readonly port: number;
}

/** GETs at a constant rate, whether answers come or not. */
export interface OpenLoad {
  readonly kind: 'load';
  readonly port: number;
  readonly host: string;
  readonly connections: number;
  readonly perSecond: number;
  /** The first of them do not count: connections are new. */
  readonly leadInSeconds: number;
  readonly seconds: number;
  /** The processes under load: whether others take the core from them is watched. */
  readonly watched: readonly number[];
}

/** What came of the requests that were due in one short stretch of a load. */
export interface Window {
  /** Microseconds, each from the moment the request was due until its answer had come in full. */
  readonly waitsUs: readonly number[];
  /** The longest time between two looks of the generator at its sockets, ms. */
  readonly heldUpMs: number;
  /** For how long, at least, others had the core while the watched processes wanted it, ms. */
  readonly takenMs: number;
}

export interface OpenLoadResult {
  /** In order, without those of the lead-in. */
  readonly windows: readonly Window[];
  /** Requests that no answer came to in time. */
  readonly unanswered: number;
  /** Answers that were not 200, and connections that broke. */
  readonly errors: number;
}

/** Upper bounds in ms of the latency histogram's buckets: 0.1 ms to about 100 s, each 1.25 times the one before. */
export const LATENCY_BOUNDS_MS: readonly number[] = Array.from({ length: 63 }, (_, i) => 0.1 * 1.25 ** i);

/** One worker's counters since it started, as plain data that can be sent and summed. */
export interface CounterValues {
  requests: number;
  responses2xx: number;
  responses3xx: number;
  responses4xx: number;
  responses5xx: number;
  responsesOther: number;
  badRequests: number;
  badGateways: number;
  rejectedRequests: number;
  backendExhaustedConns: number;
  backendInvalidId: number;
  backendInvalidTlsCert: number;
  backendTlsHandshakeFailed: number;
  websocketUpgrades: number;
  websocketFailures: number;
  /** Attempts at endpoints, retries included. */
  attempts: number;
  retries: number;
  requestBytes: number;
  responseBytes: number;
  accessLogDropped: number;
  connectionsOpened: number;
  connectionsClosed: number;
  tunnelsOpened: number;
  tunnelsClosed: number;
  /** Counts per bucket of LATENCY_BOUNDS_MS, then one for everything above. */
  latency: number[];
}

export function zeroCounters(): CounterValues {
  return {
    requests: 0,
    responses2xx: 0,
    responses3xx: 0,
    responses4xx: 0,
    responses5xx: 0,
    responsesOther: 0,
    badRequests: 0,
    badGateways: 0,
    rejectedRequests: 0,
    backendExhaustedConns: 0,
    backendInvalidId: 0,
    backendInvalidTlsCert: 0,
    backendTlsHandshakeFailed: 0,
    websocketUpgrades: 0,
    websocketFailures: 0,
    attempts: 0,
    retries: 0,
    requestBytes: 0,
    responseBytes: 0,
    accessLogDropped: 0,
    connectionsOpened: 0,
    connectionsClosed: 0,
    tunnelsOpened: 0,
    tunnelsClosed: 0,
    latency: new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0),
  };
}

/** Adds `more` onto `total`, in place. */
export function addCounters(total: CounterValues, more: CounterValues): void {
  for (const name of Object.keys(total) as (keyof CounterValues)[]) {
    if (name === 'latency') continue;
    total[name] += more[name];
  }
  for (let i = 0; i < total.latency.length; i += 1) total.latency[i]! += more.latency[i] ?? 0;
}

const LOG_STEP = Math.log(1.25);

/** Index into `CounterValues.latency` for a latency in ms. */
export function latencyBucket(ms: number): number {
  if (!(ms > 0.1)) return 0;
  const index = Math.ceil(Math.log(ms / 0.1) / LOG_STEP);
  return Math.min(index, LATENCY_BOUNDS_MS.length);
}

import { addComponents, type ComponentCounts } from './component-counts.ts';
import type { Traffic } from './traffic.ts';

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
  /** Of the operational log. */
  logLinesLost: number;
  /** Times a route was served by failed endpoints, because all it has had failed. */
  marksIgnored: number;
  connectionsOpened: number;
  connectionsClosed: number;
  tunnelsOpened: number;
  tunnelsClosed: number;
  /** Counts per bucket of LATENCY_BOUNDS_MS, then one for everything above. */
  latency: number[];
  /** Of all that the buckets count. */
  latencySumMs: number;
  /** By the `component` tag of the endpoint; empty for those without one. */
  components: Map<string, ComponentCounts>;
  latest: LatestTimes;
}

/** Of the request that finished last, and of the last lookup that was timed. Times in Unix ms, 0 = never. */
export interface LatestTimes {
  finishedAtMs: number;
  /** Received to finished, less the time spent proxying. */
  gorouterMs: number;
  lookupAtMs: number;
  lookupNs: number;
}

/** A worker's own: what it counts with. */
export interface Counters extends CounterValues {
  /** Set when a lookup is to be timed: one now and then, since a look at the clock costs more than counting. */
  timeLookup: boolean;
  /**
   * Seconds that the latest request of each app took, since they were last reported; the app by the `source_id` tag.
   * Undefined when nobody wants to know.
   */
  sources: Map<string, number> | undefined;
  /** Since it was last reported; undefined when nobody wants to know. */
  traffic: Traffic | undefined;
}

export function workerCounters(
  options: { readonly bySource?: boolean; readonly traffic?: Traffic | undefined } = {},
): Counters {
  return {
    ...zeroCounters(),
    timeLookup: true,
    sources: options.bySource === true ? new Map() : undefined,
    traffic: options.traffic,
  };
}

/** A copy that stays as it is while the counters go on. */
export function copyCounters({
  timeLookup: _,
  sources: __,
  traffic: ___,
  ...values
}: Counters): CounterValues {
  const components = new Map([...values.components].map(([name, counts]) => [name, { ...counts }]));
  return { ...values, latency: values.latency.slice(), components, latest: { ...values.latest } };
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
    logLinesLost: 0,
    marksIgnored: 0,
    connectionsOpened: 0,
    connectionsClosed: 0,
    tunnelsOpened: 0,
    tunnelsClosed: 0,
    latency: new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0),
    latencySumMs: 0,
    components: new Map(),
    latest: { finishedAtMs: 0, gorouterMs: 0, lookupAtMs: 0, lookupNs: 0 },
  };
}

/** Adds `more` onto `total`, in place; of the latest values the later ones stay. */
export function addCounters(total: CounterValues, more: CounterValues): void {
  for (const name of Object.keys(total) as (keyof CounterValues)[]) {
    if (name === 'latency' || name === 'components' || name === 'latest') continue;
    total[name] += more[name];
  }
  addComponents(total.components, more.components);
  if (more.latest.finishedAtMs >= total.latest.finishedAtMs) {
    total.latest.finishedAtMs = more.latest.finishedAtMs;
    total.latest.gorouterMs = more.latest.gorouterMs;
  }
  if (more.latest.lookupAtMs >= total.latest.lookupAtMs) {
    total.latest.lookupAtMs = more.latest.lookupAtMs;
    total.latest.lookupNs = more.latest.lookupNs;
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

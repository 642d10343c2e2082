import type { ErrorCode } from '../errors.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import { componentCounts } from './component-counts.ts';
import { type Counters, type CounterValues, latencyBucket } from './counters.ts';
import type { RequestRecord } from './record.ts';
import { countTraffic } from './traffic.ts';

/** Apps whose times are kept between two reports. */
const MOST_SOURCES = 10_000;

/** What a finished request adds to the counters (contract: http.md 16, operations.md 11). */
export function countRequest(counters: Counters, record: RequestRecord): void {
  const { endpoint, responseTimeMs } = record;
  const { latest, sources, traffic } = counters;
  const finishedAtMs = record.receivedAtMs + responseTimeMs;
  counters.requests += 1;
  counters.requestBytes += record.requestBytes;
  counters.responseBytes += record.responseBytes;
  latest.finishedAtMs = finishedAtMs;
  latest.gorouterMs = record.gorouterTimeMs;
  if (!record.upgraded) {
    const bucket = latencyBucket(responseTimeMs);
    counters.latency[bucket] = (counters.latency[bucket] ?? 0) + 1;
    counters.latencySumMs += responseTimeMs;
  }
  if (sources !== undefined) {
    const source = endpoint?.tags?.source_id ?? 'gorouter';
    if (sources.size < MOST_SOURCES || sources.has(source)) sources.set(source, responseTimeMs / 1000);
  }
  if (traffic !== undefined) countTraffic(traffic, record);
  // Answers without an endpoint are not an app's doing.
  if (endpoint === undefined) {
    if (record.status === 404 || record.status === 400) {
      counters.rejectedRequests += 1;
      counters.badRequests += 1;
    }
    if (record.routerError === 'Connection Limit Reached') counters.backendExhaustedConns += 1;
    return;
  }
  const component = componentCounts(counters.components, endpoint.tags?.component ?? '');
  component.requests += 1;
  if (!record.upgraded) {
    component.latencyMs = responseTimeMs;
    component.finishedAtMs = finishedAtMs;
  }
  switch (Math.floor(record.status / 100)) {
    case 2:
      counters.responses2xx += 1;
      component.responses2xx += 1;
      break;
    case 3:
      counters.responses3xx += 1;
      component.responses3xx += 1;
      break;
    case 4:
      counters.responses4xx += 1;
      component.responses4xx += 1;
      break;
    case 5:
      counters.responses5xx += 1;
      component.responses5xx += 1;
      break;
    default:
      counters.responsesOther += 1;
      component.responsesOther += 1;
  }
}

/** What an attempt adds, when its endpoint is chosen. */
export function countAttempt(counters: CounterValues, endpoint: Endpoint, isRetry: boolean): void {
  counters.attempts += 1;
  if (isRetry) counters.retries += 1;
  componentCounts(counters.components, endpoint.tags?.component ?? '').attempts += 1;
}

/** What it adds that the client was told of a failed endpoint. */
export function countFailure(counters: CounterValues, code: ErrorCode): void {
  switch (code) {
    case 'CERT_NAME_MISMATCH':
      counters.backendInvalidId += 1;
      break;
    case 'CERT_UNTRUSTED':
    case 'CERT_EXPIRED':
      counters.backendInvalidTlsCert += 1;
      break;
    case 'TLS_NOT_TLS':
    case 'TLS_HANDSHAKE_FAILURE':
      counters.backendTlsHandshakeFailed += 1;
      break;
    case 'CLIENT_GONE':
    case 'CERT_REJECTED_BY_ENDPOINT':
      break;
    default:
      counters.badGateways += 1;
  }
}

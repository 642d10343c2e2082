import type { ErrorCode } from '../errors.ts';
import { type CounterValues, latencyBucket } from './counters.ts';
import type { RequestRecord } from './record.ts';

/** What a finished request adds to the counters (contract: http.md 16, operations.md 11). */
export function countRequest(counters: CounterValues, record: RequestRecord): void {
  counters.requests += 1;
  counters.requestBytes += record.requestBytes;
  counters.responseBytes += record.responseBytes;
  if (!record.upgraded) {
    const bucket = latencyBucket(record.responseTimeMs);
    counters.latency[bucket] = (counters.latency[bucket] ?? 0) + 1;
  }
  // Answers without an endpoint are not an app's doing.
  if (record.endpoint === undefined) {
    if (record.status === 404 || record.routerError === 'empty_host') {
      counters.rejectedRequests += 1;
      counters.badRequests += 1;
    }
    if (record.routerError === 'Connection Limit Reached') counters.backendExhaustedConns += 1;
    return;
  }
  switch (Math.floor(record.status / 100)) {
    case 2:
      counters.responses2xx += 1;
      break;
    case 3:
      counters.responses3xx += 1;
      break;
    case 4:
      counters.responses4xx += 1;
      break;
    case 5:
      counters.responses5xx += 1;
      break;
    default:
      counters.responsesOther += 1;
  }
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

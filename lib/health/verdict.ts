import type { ErrorCode } from '../errors.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { AttemptFailure } from './classify-failure.ts';

/** What a failure means for the endpoint: passed over for a while, taken out of its pool, or nothing. */
export type Verdict = 'mark' | 'prune' | 'none';

/** Nobody answers there. A plain endpoint may be busy; a TLS one is removed, since silence never would. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set([
  'DIAL_REFUSED',
  'DIAL_UNREACHABLE',
  'DIAL_TIMEOUT',
  'DIAL_NAME',
]);

/** Someone answers, but not the app that was registered: the table is stale, and could leak requests. */
const PROVEN_WRONG: ReadonlySet<ErrorCode> = new Set([
  'TLS_NOT_TLS',
  'TLS_HANDSHAKE_FAILURE',
  'TLS_HANDSHAKE_TIMEOUT',
  'CERT_NAME_MISMATCH',
  'CERT_UNTRUSTED',
  'CERT_EXPIRED',
  'CERT_REJECTED_BY_ENDPOINT',
]);

/** The consequence of a failed attempt for its endpoint (contract: registry.md 10). */
export function endpointVerdict(failure: AttemptFailure, endpoint: Endpoint): Verdict {
  if (UNREACHABLE.has(failure.code)) return endpoint.tls ? 'prune' : 'mark';
  if (PROVEN_WRONG.has(failure.code)) return endpoint.tls ? 'prune' : 'none';
  return failure.code === 'ENDPOINT_RESET' ? 'mark' : 'none';
}

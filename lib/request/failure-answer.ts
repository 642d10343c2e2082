import type { ErrorCode } from '../errors.ts';
import type { AttemptFailure } from '../health/classify-failure.ts';
import type { Answer } from './answer.ts';
import { badUpgrade, fieldText, plainText, unknownFailure } from './answer.ts';

interface Status {
  readonly status: number;
  /** As gorouter's HTTP library spells it, which does not know the unofficial codes. */
  readonly reason: string;
  readonly body: string;
}

const BAD_GATEWAY: Status = {
  status: 502,
  reason: 'Bad Gateway',
  body: '502 Bad Gateway: Registered endpoint failed to handle the request.\n',
};
const CERT_INVALID: Status = {
  status: 526,
  reason: 'status code 526',
  body: '526 Invalid SSL Certificate\n',
};
const HANDSHAKE_FAILED: Status = {
  status: 525,
  reason: 'status code 525',
  body: '525 SSL Handshake Failed\n',
};

/** Statuses other than 502 (contract: http.md 11). */
const STATUSES: Partial<Record<ErrorCode, Status>> = {
  TLS_NOT_TLS: HANDSHAKE_FAILED,
  TLS_HANDSHAKE_FAILURE: HANDSHAKE_FAILED,
  CERT_NAME_MISMATCH: {
    status: 503,
    reason: 'Service Unavailable',
    body: '503 Service Unavailable\n',
  },
  CERT_UNTRUSTED: CERT_INVALID,
  CERT_EXPIRED: CERT_INVALID,
  CERT_REJECTED_BY_ENDPOINT: {
    status: 496,
    reason: 'status code 496',
    body: '496 SSL Certificate Required\n',
  },
  CLIENT_GONE: {
    status: 499,
    reason: 'status code 499',
    body: '499 Request Cancelled\n',
  },
};

/** What the client is told when the last attempt failed. */
export function endpointFailure(failure: AttemptFailure): Answer {
  if (failure.code === 'INTERNAL') return unknownFailure();
  if (failure.code === 'ENDPOINT_BAD_UPGRADE') return badUpgrade();
  const { status, reason, body } = STATUSES[failure.code] ?? BAD_GATEWAY;
  return plainText(status, reason, body, `endpoint_failure (${fieldText(failure.text)})`);
}

import type { AttemptFailure } from '../health/classify-failure.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import { headerValue } from './request-head.ts';

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** What is known when an attempt has failed. */
export interface FailedAttempt {
  readonly failure: AttemptFailure;
  /** From isReplayable. */
  readonly replayable: boolean;
  /** Whether nothing of the client's body was taken from it yet, or there is none. */
  readonly bodyIntact: boolean;
  /** 1 for the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly clientGone: boolean;
}

/**
 * Whether a failed attempt may be made again (contract: http.md 10).
 *
 * A request that no endpoint can have seen is safe to repeat whatever its method. One that may have been
 * seen is safe only if a second copy changes nothing more. Once a response began there is nothing to retry.
 */
export function mayRetry(failed: FailedAttempt): boolean {
  if (failed.clientGone || failed.attempt >= failed.maxAttempts) return false;
  // Piping drains the client's body even while we are still dialling, so a refused connection can cost us
  // bytes we are not able to send a second time.
  if (!failed.bodyIntact) return false;
  const { code, reached } = failed.failure;
  if (code === 'CLIENT_GONE' || code === 'NO_ENDPOINT' || code === 'INTERNAL') return false;
  switch (reached) {
    case 'none':
    case 'dialling':
    case 'connected':
      return true;
    case 'sent':
      // TLS 1.3 reports a refused client certificate only after we have begun to send.
      if (code === 'CERT_REJECTED_BY_ENDPOINT') return true;
      return code === 'ENDPOINT_CLOSED' && failed.replayable;
    case 'responding':
      return false;
  }
}

/**
 * Whether a connection that was kept alive and died as it was used again may be replaced once, silently and
 * without counting as an attempt (http.md 10): both sides closed and sent at the same moment. Whatever the method, as
 * long as no byte of a body was sent: an endpoint that closes an idle connection has not read what came behind its
 * close. A body cannot be sent again, since it is not kept.
 */
export function mayReplaceConnection(
  failure: AttemptFailure,
  connection: { readonly reused: boolean; readonly replaced: boolean; readonly bodyIntact: boolean },
): boolean {
  if (!connection.reused || connection.replaced || !connection.bodyIntact) return false;
  if (failure.code !== 'ENDPOINT_CLOSED' && failure.code !== 'ENDPOINT_RESET') return false;
  return failure.reached !== 'responding';
}

/** Whether a request may be sent twice though the first copy may have arrived. A chunked body is a body. */
export function isReplayable(method: string, headers: readonly string[], hasBody: boolean): boolean {
  if (hasBody) return false;
  if (IDEMPOTENT.has(method)) return true;
  const key = headerValue(headers, 'idempotency-key') ?? '';
  return key !== '' || (headerValue(headers, 'x-idempotency-key') ?? '') !== '';
}

/**
 * Whether an attempt is worth making at the endpoint that was chosen for it: once there were as many as the
 * pool has endpoints now, only at one that was not tried, such as one registered meanwhile (http.md 10).
 */
export function mayTry(attempt: number, pool: Pool, endpoint: Endpoint, tried: ReadonlySet<string>): boolean {
  return attempt <= pool.endpoints.length || !tried.has(endpoint.address);
}

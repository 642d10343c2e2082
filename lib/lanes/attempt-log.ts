import type { AttemptFailure } from '../health/classify-failure.ts';
import { routeEndpointData } from '../health/route-endpoint-data.ts';
import type { Logger } from '../log/logger.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import type { DialTimes } from './dial.ts';

/** Which attempt of which request a line is about. */
export interface NamedAttempt {
  readonly endpoint: Endpoint;
  /** From 1. */
  readonly attempt: number;
  readonly requestId: string;
}

/** What a failed attempt had, when it failed. */
interface FailedWith {
  /** Of the pool, when the request came. */
  readonly endpointCount: number;
  /** Undefined = no connection. */
  readonly lease:
    | {
        readonly reused: boolean;
        readonly connection: { readonly times: DialTimes; readonly localAddress: string };
      }
    | undefined;
  readonly retriable: boolean;
}

/** An endpoint was chosen (contract: http.md 16). For logs at debug level only. */
export function logChoice(logger: Logger, pool: Pool, { endpoint, attempt, requestId }: NamedAttempt): void {
  if (attempt === 1) logger.debug(`endpoint-iterator-with-${pool.settings.algorithm}-lb-algo`);
  logger.debug('backend', {
    'route-endpoint': routeEndpointData(endpoint),
    attempt,
    vcap_request_id: requestId,
  });
}

/** An attempt came to nothing (contract: http.md 10). Times in the line are seconds. */
export function logFailedAttempt(
  logger: Logger,
  { endpoint, attempt, requestId }: NamedAttempt,
  failure: AttemptFailure,
  { endpointCount, lease, retriable }: FailedWith,
): void {
  const times = lease === undefined || lease.reused ? undefined : lease.connection.times;
  logger.error('backend-endpoint-failed', {
    'route-endpoint': routeEndpointData(endpoint),
    attempt,
    vcap_request_id: requestId,
    'num-endpoints': endpointCount,
    'got-connection': lease !== undefined,
    'wrote-headers': failure.reached === 'sent' || failure.reached === 'responding',
    'conn-reused': lease?.reused ?? false,
    'dns-lookup-time': (times?.dnsMs ?? 0) / 1_000,
    'dial-time': (times?.dialMs ?? 0) / 1_000,
    'tls-handshake-time': (times?.tlsMs ?? 0) / 1_000,
    'local-address': lease?.connection.localAddress ?? '',
    error: loggedText(failure, retriable),
    retriable,
  });
  if (failure.code !== 'ENDPOINT_TIMEOUT') return;
  logger.error('backend-request-timeout', {
    'route-endpoint': routeEndpointData(endpoint),
    error: failure.text,
    vcap_request_id: requestId,
  });
}

/** The error as the log words it: also says why it may be repeated. */
function loggedText(failure: AttemptFailure, retriable: boolean): string {
  if (failure.code === 'CLIENT_GONE') return `context canceled (${failure.text})`;
  if (failure.reached === 'dialling' || failure.reached === 'connected')
    return `incomplete request (${failure.text})`;
  return retriable && failure.code === 'ENDPOINT_CLOSED' ? 'EOF (via idempotent request)' : failure.text;
}

import type { RouterError } from '../errors.ts';
import { routeEndpointData } from '../health/route-endpoint-data.ts';
import type { Logger } from '../log/logger.ts';
import { TOO_MANY_HEADERS } from '../request/response-limits.ts';
import type { RequestSettings } from '../request/settings.ts';
import type { Endpoint } from '../routes/endpoint.ts';

/** Why the head of an endpoint's answer is not passed on; undefined when it is. */
export function responseHeadProblem(
  reason: string,
  headers: readonly string[],
  { endpoint }: { readonly endpoint: Endpoint },
  { logger, settings }: { readonly logger: Logger; readonly settings: RequestSettings },
  requestId: string,
): RouterError | undefined {
  const problem = settings.responseHeadProblem?.(reason, headers);
  if (problem?.message === TOO_MANY_HEADERS) {
    logger.error('backend-too-many-response-headers', {
      'route-endpoint': routeEndpointData(endpoint),
      vcap_request_id: requestId,
    });
  }
  return problem;
}

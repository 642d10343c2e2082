import type { AttemptFailure } from '../health/classify-failure.ts';
import type { Logger } from '../log/logger.ts';
import type { Answer } from '../request/answer.ts';
import { endpointFailure } from '../request/failure-answer.ts';
import { finishAnswer } from '../request/finish-answer.ts';
import type { RequestSettings } from '../request/settings.ts';

/** Lines beside `status` that an answer of the router's own leaves, by its X-Cf-RouterError (http.md 11). */
const LINES: Readonly<Record<string, readonly ['info' | 'error', string]>> = {
  invalid_cf_app_instance_header: ['error', 'invalid-app-instance-header'],
  invalid_cf_process_instance_header: ['error', 'invalid-process-instance-header'],
  'Connection Limit Reached': ['info', 'connection-limit-reached'],
  route_service_unsupported: ['info', 'route-service-unsupported'],
};

/** An answer of the router's own, logged, as it is sent. */
export function ownAnswer(
  answer: Answer,
  { logger, settings }: { readonly logger: Logger; readonly settings: RequestSettings },
  requestId: string,
): Answer {
  const line = LINES[answer.routerError];
  if (line !== undefined) logger[line[0]](line[1], { vcap_request_id: requestId });
  if (answer.status !== 404 && answer.routerError !== '') {
    logger.info('status', { body: answer.body.trimEnd(), vcap_request_id: requestId });
  }
  return finishAnswer(answer, settings, (error) => {
    logger.error('render-error-failed', { error: String(error), vcap_request_id: requestId });
  });
}

/**
 * What is recorded of a request whose client left before it heard of the failure: 499 whatever that was (contract:
 * http.md 11).
 */
export function unheardAnswer(
  failure: AttemptFailure,
  { logger }: { readonly logger: Logger },
  requestId: string,
): Answer {
  if (failure.code !== 'CLIENT_GONE') {
    const data = { error: failure.text, vcap_request_id: requestId };
    logger.error('gateway-error-and-original-request-context-cancelled', data);
  }
  return endpointFailure({ code: 'CLIENT_GONE', reached: failure.reached, text: 'context canceled' });
}

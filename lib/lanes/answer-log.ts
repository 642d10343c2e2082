import type { Logger } from '../log/logger.ts';
import type { Answer } from '../request/answer.ts';

/** Lines beside `status` that an answer of the router's own leaves, by its X-Cf-RouterError (http.md 11). */
const LINES: Readonly<Record<string, readonly ['info' | 'error', string]>> = {
  invalid_cf_app_instance_header: ['error', 'invalid-app-instance-header'],
  invalid_cf_process_instance_header: ['error', 'invalid-process-instance-header'],
  'Connection Limit Reached': ['info', 'connection-limit-reached'],
  route_service_unsupported: ['info', 'route-service-unsupported'],
};

/** The log's X-Cf-RouterError of an answer whose client left in the middle (newer.md 8). */
export const CLIENT_LEFT_ANSWER = 'client-conn-closed-during-response-streaming';

/** Logs that a client left in the middle of its answer; bytes are those of the body. */
export function logClientLeft(
  logger: Logger,
  left: {
    readonly bytesWritten: number;
    /** The answer's `Content-Length`. */
    readonly announced: string | undefined;
    readonly status: number;
    readonly requestId: string;
  },
): void {
  logger.error(CLIENT_LEFT_ANSWER, {
    error: 'the client closed its connection',
    bytes_written: left.bytesWritten,
    total_size: left.announced === undefined ? -1 : Number(left.announced),
    status: left.status,
    vcap_request_id: left.requestId,
  });
}

/** Logs that the router answers by itself. */
export function logAnswer(logger: Logger, answer: Answer, requestId: string): void {
  const line = LINES[answer.routerError];
  if (line !== undefined) logger[line[0]](line[1], { vcap_request_id: requestId });
  if (answer.status !== 404 && answer.routerError !== '') {
    logger.info('status', { body: answer.body.trimEnd(), vcap_request_id: requestId });
  }
}

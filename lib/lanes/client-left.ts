import type { Logger } from '../log/logger.ts';

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

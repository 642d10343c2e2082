import type { LogData, Logger, LogLevel } from '../log/logger.ts';
import { newRequestId } from '../request/request-id.ts';
import type { RequestSettings } from '../request/settings.ts';
import type { SoundRequest } from '../request/sound-request.ts';

/** A request as the lanes go on with it (contract: http.md 2 item 3, 4). */
export interface BegunRequest<D> {
  /** With a logger whose lines carry the trace, where requests are traced. */
  readonly deps: D;
  readonly request: SoundRequest;
  readonly requestId: string;
}

interface Deps {
  readonly settings: RequestSettings;
  readonly logger: Logger;
}

/** Gives a request its id and its trace, before anything else looks at it, and says what is worth a line. */
export function beginRequest<D extends Deps>(deps: D, request: SoundRequest): BegunRequest<D> {
  const begun =
    deps.settings.trace === undefined ? { deps, request, requestId: newRequestId() } : traced(deps, request);
  const { logger } = begun.deps;
  const { requestId } = begun;
  if (logger.enabled('debug')) {
    logger.debug('vcap-request-id-header-set', { VcapRequestIdHeader: requestId });
  }
  if (request.head.target.includes(';')) {
    logger.warn('deprecated-semicolon-params', { vcap_request_id: requestId });
  }
  return begun;
}

function traced<D extends Deps>(deps: D, request: SoundRequest): BegunRequest<D> {
  const { headers, requestId, ids, problem } = deps.settings.trace!(request.head.headers);
  if (problem !== undefined) {
    deps.logger.info('failed-to-parse-b3-trace-id', { vcap_request_id: requestId, error: problem });
  }
  const fields = ids === undefined ? undefined : { 'trace-id': ids.traceId, 'span-id': ids.spanId };
  return {
    deps: fields === undefined ? deps : { ...deps, logger: loggerWith(deps.logger, fields) },
    request: { ...request, head: { ...request.head, headers, valuesArePlain: false } },
    requestId,
  };
}

/** A logger whose lines all carry `fields`, ahead of their own. */
function loggerWith(logger: Logger, fields: LogData): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, data?: LogData): void =>
      logger[level](message, { ...fields, ...data });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (component) => loggerWith(logger.child(component), fields),
    enabled: (level) => logger.enabled(level),
  };
}

import type { Endpoint } from '../routes/endpoint.ts';
import type { RequestHost } from './host.ts';
import type { AttemptTimes, RequestRecord } from './record.ts';
import { headerValue, type RequestHead } from './request-head.ts';

/** What a lane knows of a finished request. */
export interface RequestFacts {
  readonly head: RequestHead;
  readonly route: RequestHost;
  /** `HTTP/1.1`, `HTTP/1.0`. */
  readonly protocol: string;
  /** Head towards the endpoint; undefined when there was no attempt. */
  readonly sentHeaders: readonly string[] | undefined;
  /** Unix ms. */
  readonly receivedAtMs: number;
  /** performance.now() at the head, at the end, and when the first attempt began. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly proxiedAt: number | undefined;
  readonly status: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly requestId: string;
  readonly routerError: string;
  readonly endpoint: Endpoint | undefined;
  readonly attempts: AttemptTimes | undefined;
  readonly upgraded: boolean;
  /** `extra_headers_to_log`. */
  readonly extraHeadersToLog: readonly string[];
}

const NONE: readonly string[] = [];

/** The record of a request, as the access log and the counters read it (contract: operations.md 10). */
export function requestRecord(facts: RequestFacts): RequestRecord {
  const { head, route, startedAt, proxiedAt, upgraded, extraHeadersToLog } = facts;
  // Referer, User-Agent and the forwarded fields are logged as the endpoint got them.
  const sent = facts.sentHeaders ?? head.headers;
  let routerError = facts.routerError;
  if (routerError === '' && head.target.includes(';')) routerError = 'deprecated-semicolon-params';
  return {
    host: route.host,
    method: head.method,
    target: route.target,
    protocol: facts.protocol,
    receivedAtMs: facts.receivedAtMs,
    responseTimeMs: facts.endedAt - startedAt,
    gorouterTimeMs: proxiedAt === undefined ? 0 : proxiedAt - startedAt,
    status: facts.status,
    requestBytes: upgraded ? 0 : facts.requestBytes,
    responseBytes: upgraded ? 0 : facts.responseBytes,
    referer: headerValue(sent, 'referer') ?? '',
    userAgent: headerValue(sent, 'user-agent') ?? '',
    clientAddress: head.clientIp.includes(':')
      ? `[${head.clientIp}]:${head.clientPort}`
      : `${head.clientIp}:${head.clientPort}`,
    forwardedFor: headerValue(sent, 'x-forwarded-for') ?? '',
    forwardedProto: headerValue(sent, 'x-forwarded-proto') ?? '',
    requestId: facts.requestId,
    routerError,
    endpoint: facts.endpoint,
    extraHeaders:
      extraHeadersToLog.length === 0
        ? NONE
        : extraHeadersToLog.map((name) => extraHeader(name.toLowerCase(), facts)),
    attempts: facts.attempts,
    upgraded,
  };
}

/** From the request as it came in, except for the id, which is never the client's (http.md 4). */
function extraHeader(lowerName: string, { head, requestId }: RequestFacts): string {
  return lowerName === 'x-vcap-request-id' ? requestId : (headerValue(head.headers, lowerName) ?? '');
}

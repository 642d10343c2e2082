import type { Endpoint } from '../routes/endpoint.ts';
import { sameName } from './header-names.ts';
import type { RequestFields } from './headers-in.ts';
import type { RequestHost } from './host.ts';
import type { AttemptTimes, RequestRecord } from './record.ts';
import { headerValue, type RequestHead } from './request-head.ts';

/** What a lane knows of a finished request. */
export interface RequestFacts {
  readonly head: RequestHead;
  readonly route: RequestHost;
  /** `HTTP/1.1`, `HTTP/1.0`. */
  readonly protocol: string;
  /** Of the head towards the endpoint; undefined when there was no attempt. */
  readonly sent: RequestFields | undefined;
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
  // Logged as the endpoint got them.
  const own = facts.sent?.own;
  const logged = loggedFields(facts.sent?.kept ?? head.headers);
  let routerError = facts.routerError;
  if (routerError === '' && head.target.includes(';')) routerError = 'deprecated-semicolon-params';
  return {
    host: route.host,
    method: head.method,
    target: route.target,
    targetIsPlain: head.targetIsPlain === true,
    valuesArePlain: head.valuesArePlain === true,
    protocol: facts.protocol,
    receivedAtMs: facts.receivedAtMs,
    responseTimeMs: facts.endedAt - startedAt,
    gorouterTimeMs: proxiedAt === undefined ? 0 : proxiedAt - startedAt,
    status: facts.status,
    requestBytes: upgraded ? 0 : facts.requestBytes,
    responseBytes: upgraded ? 0 : facts.responseBytes,
    referer: logged.referer ?? '',
    userAgent: logged.userAgent ?? '',
    clientAddress: head.clientIp.includes(':')
      ? `[${head.clientIp}]:${head.clientPort}`
      : `${head.clientIp}:${head.clientPort}`,
    forwardedFor: own?.forwardedFor ?? logged.forwardedFor ?? '',
    forwardedProto: own?.forwardedProto ?? logged.forwardedProto ?? '',
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

/** The first of each. */
interface LoggedFields {
  referer: string | undefined;
  userAgent: string | undefined;
  forwardedFor: string | undefined;
  forwardedProto: string | undefined;
}

/** In one walk: a head may have many fields. */
function loggedFields(headers: readonly string[]): LoggedFields {
  const found: LoggedFields = {
    referer: undefined,
    userAgent: undefined,
    forwardedFor: undefined,
    forwardedProto: undefined,
  };
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    switch (name.length) {
      case 7:
        if (sameName(name, 'referer')) found.referer ??= headers[i + 1];
        break;
      case 10:
        if (sameName(name, 'user-agent')) found.userAgent ??= headers[i + 1];
        break;
      case 15:
        if (sameName(name, 'x-forwarded-for')) found.forwardedFor ??= headers[i + 1];
        break;
      case 17:
        if (sameName(name, 'x-forwarded-proto')) found.forwardedProto ??= headers[i + 1];
        break;
    }
  }
  return found;
}

/** From the request as it came in, except for the id, which is never the client's (http.md 4). */
function extraHeader(lowerName: string, { head, requestId }: RequestFacts): string {
  return lowerName === 'x-vcap-request-id' ? requestId : (headerValue(head.headers, lowerName) ?? '');
}

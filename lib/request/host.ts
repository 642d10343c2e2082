import type { Answer } from './answer.ts';
import { badRequest, methodNotAllowed, optionsStar } from './answer.ts';
import { sameName } from './header-names.ts';
import type { RequestHead } from './request-head.ts';

/** Where a request wants to go, once its target and Host were found sound. */
export interface RequestHost {
  /** To send as `Host`: verbatim from the client, or the authority of an absolute-form target. May be empty. */
  readonly host: string;
  /** Without port and one trailing dot; its case is folded by the route table. */
  readonly lookupHost: string;
  /** As sent, up to `?`. */
  readonly path: string;
  /** To send: origin-form. */
  readonly target: string;
}

// reg-name or IP-literal, and a port (RFC 3986 §3.2.2): no userinfo, blank, slash or raw non-ASCII byte.
const AUTHORITY = /^((?:[\w\-.~!$&'()*+,;=]|%[\da-f]{2})*|\[[\da-f:.]+\])(?::(\d*))?$/i;
// No control byte, blank or fragment: each is read differently by different parsers further on.
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e\x80-\xff]*$/;
/** What nearly every host is: a name without a port, and nothing odd in it. */
const NAME = /^[a-z\d\-.]*$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/is;
const BAD_ESCAPE = /%(?![\da-f]{2})/i;

/**
 * Validates `Host` and the request target (hazards: RFC 9112 §3.2) and says what to look up and what to send.
 *
 * An absolute-form target names the host; `Host` is then rewritten and the endpoint gets origin-form
 * (RFC 9112 §3.2.2). An empty host is not refused here: that answer is the route choice's, which is logged.
 */
export function requestHost(head: RequestHead): RequestHost | Answer {
  let hostField: string | undefined;
  for (let i = 0; i < head.headers.length; i += 2) {
    if (!sameName(head.headers[i]!, 'host')) continue;
    if (hostField !== undefined) return badRequest();
    hostField = head.headers[i + 1]!;
  }
  if (hostField === undefined && head.versionMinor === 1) return badRequest('missing required Host header');

  const lookupHost = hostField === undefined ? '' : lookupHostOf(hostField);
  if (lookupHost === undefined) return badRequest('malformed Host header');
  if (head.method === 'CONNECT') return badRequest();
  if (head.method === 'TRACE') return methodNotAllowed();

  const { target } = head;
  if (head.targetIsPlain === true) return pathIn(hostField ?? '', lookupHost, target);
  if (target.charCodeAt(0) === 47) return originForm(hostField ?? '', lookupHost, target);
  if (target === '*') return head.method === 'OPTIONS' ? optionsStar() : badRequest();

  const absolute = ABSOLUTE_FORM.exec(target);
  if (absolute === null) return badRequest();
  const authority = absolute[1]!;
  const rest = absolute[2]!;
  const authorityHost = lookupHostOf(authority);
  // RFC 9110 §4.2.1: an http URI with an empty host is to be rejected.
  if (authorityHost === undefined || authorityHost === '') return badRequest();
  // `OPTIONS http://host` is how a proxy is asked for `OPTIONS *` (RFC 9112 §3.2.4).
  if (rest === '' && head.method === 'OPTIONS') return optionsStar();
  return originForm(authority, authorityHost, rest.startsWith('/') ? rest : `/${rest}`);
}

function originForm(host: string, lookupHost: string, target: string): RequestHost | Answer {
  return ORIGIN_FORM.test(target) ? pathIn(host, lookupHost, target) : badRequest();
}

/** `target`: in origin-form. */
function pathIn(host: string, lookupHost: string, target: string): RequestHost | Answer {
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (path.includes('%') && BAD_ESCAPE.test(path)) return badRequest();
  return { host, lookupHost, path, target };
}

/** The host of an authority without port and one trailing dot; undefined when it is malformed. */
function lookupHostOf(authority: string): string | undefined {
  if (NAME.test(authority)) return withoutDot(authority);
  const match = AUTHORITY.exec(authority);
  if (match === null) return undefined;
  const port = match[2];
  if (port !== undefined && Number(port) > 65_535) return undefined;
  return withoutDot(match[1]!);
}

function withoutDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

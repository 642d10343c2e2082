import { fieldText } from './answer.ts';
import { HeaderNames } from './header-names.ts';
import { HOP_BY_HOP, nominatedNames } from './hop-by-hop.ts';
import { headerValue } from './request-head.ts';
import type { HeaderRewrite } from './rewrite.ts';
import type { RequestSettings } from './settings.ts';

/** What `X-Vcap-Trace` with the right key asks for. */
export interface ResponseTrace {
  readonly routerIp: string;
  /** `host:port` of the endpoint. */
  readonly address: string;
}

/** What the head towards the client is made of, besides the endpoint's own. */
export interface ResponseHeadersContext {
  readonly requestId: string;
  /** From stickyCookies. */
  readonly setCookies: readonly string[];
  /** From responseTrace. */
  readonly trace: ResponseTrace | undefined;
  /** Of the router's own, in place of the endpoint's; empty leaves that alone. */
  readonly routerError: string;
  /** IMF-fixdate, asked for when the endpoint sent none; empty = none is added. */
  readonly date: () => string;
  /** `http_rewrite`; never asked for a 101. */
  readonly rewrite?: HeaderRewrite | undefined;
  /** Token of a 101 that is passed on: `Connection` and `Upgrade` are then put back. */
  readonly upgrade?: string | undefined;
}

type Fate = 'drop' | 'request-id' | 'date' | 'router-error' | 'trailer';

const FATES = new HeaderNames<Fate>([
  ...HOP_BY_HOP.filter((name) => name !== 'trailer').map((name) => [name, 'drop'] as const),
  // The announcement is worth something to the client: trailers are forwarded (http.md 12).
  ['trailer', 'trailer'],
  ['x-cf-proxy-signature', 'drop'],
  ['x-vcap-request-id', 'request-id'],
  ['date', 'date'],
  ['x-cf-routererror', 'router-error'],
]);

/**
 * The head towards the client, as name, value, ... (contract: http.md 12): the endpoint's order, case and
 * duplicates, less what ends at this hop, then ours. `Content-Length` passes; other framing is the lane's.
 */
export function responseHeaders(raw: readonly string[], context: ResponseHeadersContext): string[] {
  const nominated = nominatedNames(raw);
  const out: string[] = [];
  let identified = false;
  let dated = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    switch (FATES.get(name)) {
      case 'drop':
        continue;
      case 'request-id':
        identified = true;
        break;
      case 'date':
        dated = true;
        break;
      case 'router-error':
        if (context.routerError !== '') continue;
        break;
      case 'trailer':
      case undefined:
        if (nominated?.has(name.toLowerCase())) continue;
        break;
    }
    out.push(name, raw[i + 1]!);
  }
  if (!identified) out.push('X-Vcap-Request-Id', context.requestId);
  for (const cookie of context.setCookies) out.push('Set-Cookie', cookie);
  if (context.routerError !== '') out.push('X-Cf-Routererror', fieldText(context.routerError));
  if (context.trace !== undefined) {
    const { routerIp, address } = context.trace;
    out.push('X-Vcap-Router', routerIp, 'X-Vcap-Backend', address, 'X-Cf-Routeendpoint', address);
  }
  if (context.upgrade !== undefined) {
    if (!dated) addDate(out, context.date());
    out.push('Connection', 'Upgrade', 'Upgrade', context.upgrade);
    return out;
  }
  if (context.rewrite === undefined) {
    if (!dated) addDate(out, context.date());
    return out;
  }
  // A Date that was removed is set anew, one that was added stays: an answer always has one.
  const rewritten = context.rewrite(out);
  if (headerValue(rewritten, 'date') === undefined) addDate(rewritten, context.date());
  return rewritten;
}

function addDate(headers: string[], date: string): void {
  if (date !== '') headers.push('Date', date);
}

/** The trace that a request may ask for with `X-Vcap-Trace: <trace_key>`. */
export function responseTrace(
  requestHeaders: readonly string[],
  settings: Pick<RequestSettings, 'traceKey' | 'routerIp'>,
  address: string,
): ResponseTrace | undefined {
  if (settings.traceKey === '') return undefined;
  if (headerValue(requestHeaders, 'x-vcap-trace') !== settings.traceKey) return undefined;
  return { routerIp: settings.routerIp, address: fieldText(address) };
}

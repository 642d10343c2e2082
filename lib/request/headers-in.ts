import { unixMsText } from '../digits.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import { fieldText } from './answer.ts';
import { keepsClientCert, ownClientCert } from './forwarded-client-cert.ts';
import { HeaderNames } from './header-names.ts';
import { HOP_BY_HOP, nominatedNames } from './hop-by-hop.ts';
import { type OwnFields, ownPairs } from './own-fields.ts';
import { hasToken, headerValue, type RequestHead } from './request-head.ts';
import type { RequestSettings } from './settings.ts';

/** What the head towards an endpoint is made of, besides the client's own. */
export interface RequestHeadersContext {
  /** From requestHost: what `Host` says towards the endpoint. */
  readonly host: string;
  readonly endpoint: Endpoint;
  readonly requestId: string;
  /** Unix ms when the attempt began. */
  readonly nowMs: number;
  readonly settings: Pick<
    RequestSettings,
    'forceForwardedProtoHttps' | 'sanitizeForwardedProto' | 'hopByHopHeadersToFilter' | 'forwardedClientCert'
  >;
  /** From upgradeToken. */
  readonly upgrade: string | undefined;
  /**
   * `Content-Length` or `Transfer-Encoding` (and `Trailer`, `Connection`, if the lane wants them) as name,
   * value, ...: the lane knows how it sends the body, the client's own framing fields end here.
   */
  readonly framing: readonly string[];
}

type Fate = 'drop' | 'host' | 'forwarded-for' | 'forwarded-proto' | 'client-cert' | 'request-start' | 'te';

/** Names with a meaning here. All others pass, unless nominated or an underscore twin of these. */
const FATES = new HeaderNames<Fate>([
  ...HOP_BY_HOP.filter((name) => name !== 'te').map((name) => [name, 'drop'] as const),
  ...[
    'content-length',
    // Upgrading to HTTP/2 in clear text would open a second way past our checks (RFC 9113 §3.1).
    'http2-settings',
    'x-vcap-request-id',
    'x-cf-applicationid',
    'x-cf-instanceid',
    'x-cf-instanceindex',
    'x-cf-app-instance',
    // Believed by an app behind a route service; on any other route they can only be forged.
    'x-cf-proxy-signature',
    'x-cf-forwarded-url',
    'x-cf-proxy-metadata',
  ].map((name) => [name, 'drop'] as const),
  ['te', 'te'],
  ['host', 'host'],
  ['x-forwarded-for', 'forwarded-for'],
  ['x-forwarded-proto', 'forwarded-proto'],
  ['x-forwarded-client-cert', 'client-cert'],
  ['x-request-start', 'request-start'],
]);

const TWIN_OF = /^x-(?:forwarded-|real-ip$|request-start$|vcap-|cf-)/;

/** The fields of a head towards an endpoint. */
export interface RequestFields {
  /** Those of the client that stay, as name, value, ... */
  readonly kept: readonly string[];
  readonly own: OwnFields;
}

/** All of them as name, value, ... */
export function pairsOf({ kept, own }: RequestFields): string[] {
  return [...kept, ...ownPairs(own)];
}

/**
 * The fields of the head towards an endpoint (contract: http.md 8). The client's order, case and duplicates stay.
 * Strip first, add ours after, or a client could name our fields in `Connection` to lose them.
 */
export function requestFields(head: RequestHead, context: RequestHeadersContext): RequestFields {
  const { headers } = head;
  const { settings, endpoint } = context;
  const nominated = nominatedNames(headers, settings.hopByHopHeadersToFilter);
  const keepProto = keepsForwardedProto(headers, settings);
  const out: string[] = [];
  let forwardedFor = '';
  let hostPlaced = false;
  let started = false;
  let trailers = false;

  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    switch (FATES.get(name)) {
      case undefined:
        if (isTwin(name) || nominated?.has(name.toLowerCase())) break;
        out.push(name, value);
        break;
      case 'host':
        if (!hostPlaced) out.push(name, context.host);
        hostPlaced = true;
        break;
      case 'forwarded-for':
        if (value !== '') forwardedFor = forwardedFor === '' ? value : `${forwardedFor}, ${value}`;
        break;
      case 'forwarded-proto':
        if (keepProto) out.push(name, value);
        break;
      case 'client-cert':
        if (keepsClientCert(head, settings.forwardedClientCert)) out.push(name, value);
        break;
      case 'request-start':
        out.push(name, value);
        started = true;
        break;
      case 'te':
        trailers ||= hasToken([name, value], 'te', 'trailers');
        break;
      case 'drop':
        break;
    }
  }

  if (!hostPlaced) out.unshift('Host', context.host);
  let forwardedProto: string | undefined;
  if (!keepProto) forwardedProto = settings.forceForwardedProtoHttps || head.tls ? 'https' : 'http';
  return {
    kept: out,
    own: {
      framing: context.framing,
      trailers,
      upgrade: context.upgrade,
      forwardedFor: forwardedFor === '' ? head.clientIp : `${forwardedFor}, ${head.clientIp}`,
      forwardedProto,
      clientCert: ownClientCert(head, settings.forwardedClientCert),
      requestStart: started ? undefined : unixMsText(context.nowMs),
      requestId: context.requestId,
      // Registered texts come from the bus unchecked: none of them may end a line.
      appId: fieldText(endpoint.appId),
      instanceId: fieldText(endpoint.instanceId === '' ? endpoint.address : endpoint.instanceId),
      instanceIndex: fieldText(endpoint.instanceIndex),
    },
  };
}

/** Whether no endpoint ever sees what a client sends under that name. */
export function isNeverForwarded(name: string): boolean {
  const fate = FATES.get(name);
  return fate === 'drop' || fate === 'host' || fate === 'te' || isTwin(name);
}

/** Whether the client's `X-Forwarded-Proto` stands: its first value is what counts. */
function keepsForwardedProto(
  headers: readonly string[],
  settings: RequestHeadersContext['settings'],
): boolean {
  if (settings.forceForwardedProtoHttps || settings.sanitizeForwardedProto) return false;
  return (headerValue(headers, 'x-forwarded-proto') ?? '') !== '';
}

/** `X_Forwarded_For`: to CGI-like frameworks the same as the real one, and ours to set. */
function isTwin(name: string): boolean {
  const first = name.charCodeAt(0);
  if (first !== 120 && first !== 88) return false;
  if (!name.includes('_')) return false;
  return TWIN_OF.test(name.toLowerCase().replaceAll('_', '-'));
}

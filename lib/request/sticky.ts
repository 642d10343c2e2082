import { hasId } from '../balance/sticky-pick.ts';
import type { Logger } from '../log/logger.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import { attributesText, type BindingAttributes, readAttributes } from './binding-attributes.ts';
import { sameName } from './header-names.ts';
import { headerValue } from './request-head.ts';
import { cookieValue, parseSetCookie, type SetCookie } from './set-cookie.ts';
import type { RequestSettings } from './settings.ts';

const VCAP_ID = '__VCAP_ID__';
const VCAP_ID_META = '__VCAP_ID_META__';
const HOST_PREFIX = '__Host-';
/** Of what a client sent. */
const LONGEST_LOGGED = 256;

type StickySettings = Pick<RequestSettings, 'stickyCookieNames' | 'secureCookies' | 'stickyForAuthNegotiate'>;

/**
 * The instance that a request is bound to: its `__VCAP_ID__`, if it also carries a session cookie
 * (contract: http.md 7). Only a wish: the pool decides whether there is such an instance.
 */
export function stickyId(headers: readonly string[], settings: StickySettings): string | undefined {
  if (settings.stickyCookieNames.size === 0) return undefined;
  let id: string | undefined;
  let session = false;
  forEachCookie(headers, (name, value) => {
    if (name === VCAP_ID) id ??= value;
    else session ||= isSessionCookie(name, settings);
  });
  return session && id !== '' ? id : undefined;
}

/** The instance that a request with Negotiate authentication must go to, when that setting is on. */
export function negotiateId(headers: readonly string[], settings: StickySettings): string | undefined {
  if (!settings.stickyForAuthNegotiate) return undefined;
  if (!beginsNegotiate(headerValue(headers, 'authorization'))) return undefined;
  let id: string | undefined;
  forEachCookie(headers, (name, value) => {
    if (name === VCAP_ID) id ??= value;
  });
  return id === '' ? undefined : id;
}

/** What decides on the cookies that bind a client to the instance that served it. */
export interface StickyContext {
  readonly endpoint: Endpoint;
  readonly pool: Pool;
  /** From stickyId or negotiateId. */
  readonly requestedId: string | undefined;
  readonly requestHeaders: readonly string[];
  readonly requestId: string;
  readonly settings: StickySettings;
  /** Unix ms. */
  readonly now: () => number;
  /** Told when a client does not bring back the attributes of its cookies. */
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

const NONE: readonly string[] = [];

/** Values of `Set-Cookie` to add to a response of an endpoint (contract: newer.md 4, http.md 7). */
export function stickyCookies(responseHeaders: readonly string[], context: StickyContext): readonly string[] {
  const { endpoint, requestedId, settings } = context;
  if (endpoint.instanceId === '') return NONE;

  let sessions: SetCookie[] | undefined;
  for (let i = 0; i < responseHeaders.length; i += 2) {
    if (!sameName(responseHeaders[i]!, 'set-cookie')) continue;
    const cookie = parseSetCookie(responseHeaders[i + 1]!);
    if (cookie === undefined) continue;
    if (cookie.name === VCAP_ID) return NONE;
    if (!isSessionCookie(cookie.name, settings)) continue;
    sessions ??= [];
    sessions.push(cookie);
  }

  const elsewhere = requestedId === undefined || !hasId(endpoint, requestedId);
  if (settings.stickyForAuthNegotiate && elsewhere) {
    if (beginsNegotiate(headerValue(responseHeaders, 'www-authenticate'))) {
      return [binding(context, { maxAge: 60, sameSite: 'Strict' })];
    }
  }
  if (sessions !== undefined) return sessions.flatMap((session) => bindings(context, session));
  return requestedId !== undefined && elsewhere ? [binding(context, broughtBack(context))] : NONE;
}

/** The binding to go with a session cookie, and what to restore its attributes from when the client is bound anew. */
function bindings(context: StickyContext, session: SetCookie): string[] {
  const maxAge = session.maxAge === undefined ? undefined : Math.max(0, session.maxAge);
  const attributes = { ...session, maxAge };
  return [
    binding(context, attributes),
    cookieText(context, VCAP_ID_META, attributesText(attributes, context.now()), attributes),
  ];
}

/** Attributes of the binding that the client had, from its `__VCAP_ID_META__`. For attributes only: clients can forge it. */
function broughtBack({ requestHeaders, requestId, now, logger }: StickyContext): Partial<BindingAttributes> {
  let text: string | undefined;
  forEachCookie(requestHeaders, (name, value) => {
    if (name === VCAP_ID_META) text ??= value;
  });
  if (text === undefined) {
    logger.info('vcap-id-meta-cookie-not-found', { vcap_request_id: requestId });
    return {};
  }
  const { attributes, unusable } = readAttributes(text, now());
  if (unusable.length > 0) {
    const error = `unusable parts: ${unusable.join('&').slice(0, LONGEST_LOGGED)}`;
    logger.error('vcap-id-meta-cookie-parse-error', { error, vcap_request_id: requestId });
  }
  return attributes;
}

function binding(context: StickyContext, attributes: Partial<BindingAttributes>): string {
  return cookieText(context, VCAP_ID, cookieValue(context.endpoint.instanceId), attributes);
}

function cookieText(
  context: StickyContext,
  name: string,
  value: string,
  attributes: Partial<BindingAttributes>,
): string {
  const path = context.pool.settings.contextPath.replace(/[^\x20-\x3a\x3c-\x7e]/g, '');
  let cookie = `${name}=${value}; Path=${path === '' ? '/' : path}`;
  if (attributes.expires !== undefined) cookie += `; Expires=${attributes.expires}`;
  if (attributes.maxAge !== undefined) cookie += `; Max-Age=${attributes.maxAge}`;
  cookie += '; HttpOnly';
  if (attributes.secure === true || context.settings.secureCookies) cookie += '; Secure';
  if (attributes.sameSite !== undefined) cookie += `; SameSite=${attributes.sameSite}`;
  if (attributes.partitioned === true) cookie += '; Partitioned';
  return cookie;
}

function isSessionCookie(name: string, settings: StickySettings): boolean {
  const names = settings.stickyCookieNames;
  return names.has(name) || (name.startsWith(HOST_PREFIX) && names.has(name.slice(HOST_PREFIX.length)));
}

function beginsNegotiate(value: string | undefined): boolean {
  return value !== undefined && sameName(value.slice(0, 9), 'negotiate');
}

function forEachCookie(headers: readonly string[], visit: (name: string, value: string) => void): void {
  for (let i = 0; i < headers.length; i += 2) {
    if (!sameName(headers[i]!, 'cookie')) continue;
    for (const part of headers[i + 1]!.split(';')) {
      const equals = part.indexOf('=');
      if (equals === -1) continue;
      const value = part.slice(equals + 1).trim();
      const quoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
      visit(part.slice(0, equals).trim(), quoted ? value.slice(1, -1) : value);
    }
  }
}

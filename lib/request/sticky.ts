import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import { sameName } from './header-names.ts';
import { headerValue } from './request-head.ts';
import { cookieValue, parseSetCookie, type SetCookie } from './set-cookie.ts';
import type { RequestSettings } from './settings.ts';

const VCAP_ID = '__VCAP_ID__';
const HOST_PREFIX = '__Host-';

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
  readonly settings: StickySettings;
  readonly nowMs: number;
}

/** Values of `Set-Cookie` to add to a response of an endpoint (contract: http.md 7). */
export function stickyCookies(responseHeaders: readonly string[], context: StickyContext): string[] {
  const { endpoint, requestedId, settings } = context;
  if (endpoint.instanceId === '') return [];
  const elsewhere = requestedId !== endpoint.instanceId && requestedId !== endpoint.address;

  let session: SetCookie | undefined;
  for (let i = 0; i < responseHeaders.length; i += 2) {
    if (!sameName(responseHeaders[i]!, 'set-cookie')) continue;
    const cookie = parseSetCookie(responseHeaders[i + 1]!);
    if (cookie === undefined) continue;
    if (cookie.name === VCAP_ID) return [];
    if (session === undefined && isSessionCookie(cookie.name, settings)) session = cookie;
  }

  if (settings.stickyForAuthNegotiate && elsewhere) {
    if (beginsNegotiate(headerValue(responseHeaders, 'www-authenticate'))) {
      return [binding(context, { maxAge: 60, sameSite: 'Strict' })];
    }
  }
  if (session !== undefined) {
    // A positive Max-Age is left behind on purpose: the binding may not outlive a session that is renewed.
    const maxAge = session.maxAge !== undefined && session.maxAge <= 0 ? 0 : undefined;
    return [binding(context, { ...session, maxAge })];
  }
  return requestedId !== undefined && elsewhere ? [binding(context, {})] : [];
}

function binding(context: StickyContext, attributes: Partial<SetCookie>): string {
  const path = context.pool.settings.contextPath.replace(/[^\x20-\x3a\x3c-\x7e]/g, '');
  let cookie = `${VCAP_ID}=${cookieValue(context.endpoint.instanceId)}; Path=${path === '' ? '/' : path}`;
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

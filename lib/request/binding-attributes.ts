import type { SetCookie } from './set-cookie.ts';

/** What the cookies that bind a client say beside their value and path (contract: newer.md 4). */
export type BindingAttributes = Pick<SetCookie, 'expires' | 'maxAge' | 'secure' | 'sameSite' | 'partitioned'>;

const SAME_SITE: Readonly<Record<string, SetCookie['sameSite']>> = {
  lax: 'Lax',
  none: 'None',
  strict: 'Strict',
};
const UNIX_SECONDS = /^-?\d{1,12}$/;
/** Years 1601 to 9999: what a cookie date can say. */
const EARLIEST = -11_644_473_600;
const LATEST = 253_402_300_799;

/**
 * Attributes as the value of `__VCAP_ID_META__`: browsers do not send them back, so the client carries them for us until
 * it is bound anew. Times are absolute, in Unix seconds; `maxage=-1` deletes.
 */
export function attributesText(attributes: Partial<BindingAttributes>, nowMs: number): string {
  const { expires, maxAge, secure, sameSite, partitioned } = attributes;
  const parts: string[] = [];
  if (secure === true) parts.push('secure');
  if (partitioned === true) parts.push('partitioned');
  if (expires !== undefined) parts.push(`expires=${Date.parse(expires) / 1000}`);
  if (maxAge !== undefined) parts.push(`maxage=${maxAge <= 0 ? -1 : Math.floor(nowMs / 1000) + maxAge}`);
  if (sameSite !== undefined) parts.push(`samesite=${sameSite.toLowerCase()}`);
  return parts.join('&');
}

/**
 * Reads what attributesText wrote, in any order. The client may send anything: what cannot be used is left out and
 * returned as `unusable`.
 */
export function readAttributes(
  text: string,
  nowMs: number,
): { readonly attributes: Partial<BindingAttributes>; readonly unusable: readonly string[] } {
  const attributes: { -readonly [Name in keyof BindingAttributes]?: BindingAttributes[Name] } = {};
  const unusable: string[] = [];
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals === -1 ? part : part.slice(0, equals);
    const value = equals === -1 ? '' : part.slice(equals + 1);
    if (name === 'secure' && value === '') attributes.secure = true;
    else if (name === 'partitioned' && value === '') attributes.partitioned = true;
    else if (name === 'expires' && isTime(value)) {
      attributes.expires = new Date(Number(value) * 1000).toUTCString();
    } else if (name === 'maxage' && UNIX_SECONDS.test(value)) {
      attributes.maxAge = Math.max(0, Number(value) - Math.floor(nowMs / 1000));
    } else if (name === 'samesite' && SAME_SITE[value] !== undefined) attributes.sameSite = SAME_SITE[value];
    else unusable.push(part);
  }
  return { attributes, unusable };
}

function isTime(text: string): boolean {
  const seconds = Number(text);
  return UNIX_SECONDS.test(text) && seconds >= EARLIEST && seconds <= LATEST;
}

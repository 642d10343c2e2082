import { createHash } from 'node:crypto';
import type { QueryRedaction } from './access-options.ts';

/** What Go writes percent-encoded in a path; `#` too, which is a plain byte in a request target. */
const ENCODED_IN_PATH = /[^!$-;=?-[\]_a-z~]/gu;
/** Go leaves a query as it is. A quote would end the field early, so here we are stricter. */
const ENCODED_IN_QUERY = /[^!$-~]/gu;
const ENCODED_IN_HOST = /[^!#-[\]-~]/gu;
const CLEAN_HOST = /^[!#-[\]-~]*$/;
/** A target of this form is logged as it is. */
const CLEAN = /^\/[!$-;=?-[\]_a-z~]*$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/;

/** The request target as the access log shows it: origin form, safe in one quoted field, query redacted. */
export function loggedTarget(method: string, target: string, redaction: QueryRedaction): string {
  if ((redaction === 'none' || method !== 'GET') && CLEAN.test(target)) return target;

  let origin = target;
  if (!target.startsWith('/')) {
    origin = target.replace(SCHEME, '');
    if (origin === '' || origin.startsWith('?')) origin = `/${origin}`;
  }
  const question = origin.indexOf('?');
  if (question === -1) return percentEncode(origin, ENCODED_IN_PATH);
  const path = percentEncode(origin.slice(0, question), ENCODED_IN_PATH);
  const query = origin.slice(question + 1);
  if (query === '' || redaction === 'none' || method !== 'GET') {
    return `${path}?${percentEncode(query, ENCODED_IN_QUERY)}`;
  }
  if (redaction === 'all') return path;
  return `${path}?hash=${createHash('sha1').update(query, 'latin1').digest('hex')}`;
}

/** `Host` stands unquoted between blanks, so nothing in it may look like a blank or a quote. */
export function loggedHost(host: string): string {
  return CLEAN_HOST.test(host) ? host : percentEncode(host, ENCODED_IN_HOST);
}

function percentEncode(text: string, encoded: RegExp): string {
  return text.replace(encoded, (unit) => {
    const code = unit.charCodeAt(0);
    const bytes = code > 0xff ? Buffer.from(unit) : [code];
    return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}

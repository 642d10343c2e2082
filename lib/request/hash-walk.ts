import { pickerFor } from '../balance/choose-endpoint.ts';
import { fnv1a } from '../balance/fnv1a.ts';
import type { HashWalk } from '../balance/hash-walk.ts';
import type { Pool } from '../routes/pool.ts';
import { keepsClientCert, ownClientCert } from './forwarded-client-cert.ts';
import { isNeverForwarded } from './headers-in.ts';
import { nominatedNames } from './hop-by-hop.ts';
import { headerValue, headerValues, type RequestHead } from './request-head.ts';
import type { RequestSettings } from './settings.ts';

type HashSettings = Pick<
  RequestSettings,
  'defaultAlgorithm' | 'hopByHopHeadersToFilter' | 'forwardedClientCert'
>;

/**
 * How a request on a hashed route finds its endpoint (contract: newer.md 3). Without a header to hash, or a value in
 * it, the router's own algorithm serves, and the log says so.
 */
export function hashWalk(
  head: RequestHead,
  pool: Pool,
  settings: HashSettings,
  note: HashWalk['note'],
): HashWalk {
  const { contextPath, hashHeader } = pool.settings;
  const slash = pool.key.indexOf('/');
  const host = slash === -1 ? pool.key : pool.key.slice(0, slash);
  let value = '';
  if (hashHeader === '') {
    note('error', 'hash-routing-properties-missing', { host });
  } else {
    value = hashedValue(head, hashHeader.toLowerCase(), settings);
    if (value === '') {
      note('info', 'hash-based-routing-header-value-not-found', { Host: host, Path: contextPath });
    }
  }
  return {
    hash: value === '' ? undefined : fnv1a(value),
    fallback: pickerFor(settings.defaultAlgorithm),
    host,
    note,
    slot: undefined,
  };
}

/** The first value of a field as the endpoint will see it; empty when it will see none. `Host` is no such field. */
function hashedValue(head: RequestHead, lowerName: string, settings: HashSettings): string {
  const { headers, clientIp } = head;
  if (isNeverForwarded(lowerName)) return '';
  if (lowerName === 'x-forwarded-client-cert') {
    const own = ownClientCert(head, settings.forwardedClientCert);
    if (own !== '' || !keepsClientCert(head, settings.forwardedClientCert)) return own;
  }
  if (lowerName === 'x-forwarded-for') {
    return [...headerValues(headers, lowerName).filter((value) => value !== ''), clientIp].join(', ');
  }
  const value = headerValue(headers, lowerName) ?? '';
  if (value === '' || nominatedNames(headers, settings.hopByHopHeadersToFilter)?.has(lowerName)) return '';
  return value;
}

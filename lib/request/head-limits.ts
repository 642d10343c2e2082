import { sameName } from './header-names.ts';
import type { RequestHost } from './host.ts';
import type { RequestHead } from './request-head.ts';
import type { RequestSettings } from './settings.ts';

/** `X-Vcap-Request-Id` as the router adds it: name, UUID and the four bytes that each header counts. */
const REQUEST_ID_BYTES = 'X-Vcap-Request-Id'.length + 36 + 4;

/**
 * Whether a head is over `max_request_header_bytes` or `max_request_headers`, by the formula of the contract
 * (http.md 6): it counts the request id that was added by then, and `Host` only as part of the URL.
 */
export function headTooBig(
  head: RequestHead,
  { host, target }: Pick<RequestHost, 'host' | 'target'>,
  settings: Pick<RequestSettings, 'maxRequestHeaderBytes' | 'maxRequestHeaders'>,
): boolean {
  let bytes = head.method.length + target.length + 'HTTP/1.1'.length + 4 + host.length + 8 + REQUEST_ID_BYTES;
  let count = 1;
  for (let i = 0; i < head.headers.length; i += 2) {
    const name = head.headers[i]!;
    if (sameName(name, 'host') || sameName(name, 'x-vcap-request-id')) continue;
    bytes += name.length + head.headers[i + 1]!.length + 4;
    count += 1;
  }
  if (bytes >= settings.maxRequestHeaderBytes) return true;
  return settings.maxRequestHeaders > 0 && count > settings.maxRequestHeaders;
}

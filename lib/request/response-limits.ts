import { RouterError } from '../errors.ts';
import { sameName } from './header-names.ts';

/** gorouter's own limit of a response head, where the configuration has none (contract: http.md 12). */
export const LARGEST_RESPONSE_HEAD = 10 * 1_048_576;

/** What is wrong with a response head for its size; undefined = nothing. `reason` is the phrase of its status line. */
export type ResponseHeadCheck = (reason: string, headers: readonly string[]) => RouterError | undefined;

const STATUS_LINE = 'HTTP/1.1 200 \r\n'.length;
export const TOO_MANY_HEADERS = 'Too many response headers';

/**
 * Checks heads against `max_response_header_bytes` and `max_response_headers`, 0 or less = no limit; undefined when
 * there is none. Beyond LARGEST_RESPONSE_HEAD no parser reads on in any case.
 */
export function responseHeadCheck(maxBytes: number, maxFields: number): ResponseHeadCheck | undefined {
  if (maxBytes <= 0 && maxFields <= 0) return undefined;
  return (reason, headers) => {
    if (maxFields > 0 && fieldCount(headers) > maxFields) {
      return new RouterError('ENDPOINT_BAD_RESPONSE', TOO_MANY_HEADERS, { source: 'endpoint' });
    }
    return maxBytes > 0 && headBytes(reason, headers) > maxBytes ? headTooLong(maxBytes) : undefined;
  };
}

/** The failure of an endpoint whose response head is longer than `maxBytes`. */
export function headTooLong(maxBytes: number): RouterError {
  const message = `net/http: server response headers exceeded ${maxBytes} bytes; aborted`;
  return new RouterError('ENDPOINT_BAD_RESPONSE', message, { source: 'endpoint' });
}

/** As gorouter's HTTP library keeps them: what frames the body is not among them. */
function fieldCount(headers: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < headers.length; i += 2) {
    if (!sameName(headers[i]!, 'transfer-encoding') && !sameName(headers[i]!, 'trailer')) count += 1;
  }
  return count;
}

function headBytes(reason: string, headers: readonly string[]): number {
  let bytes = STATUS_LINE + reason.length + 2;
  for (let i = 0; i < headers.length; i += 2) bytes += headers[i]!.length + headers[i + 1]!.length + 4;
  return bytes;
}

import { contentLength, transferCoding } from '../request/framing.ts';
import { headerValues } from '../request/request-head.ts';

/** How a response's body is delimited (RFC 9112 §6.3). */
export type ResponseBody = 'none' | 'length' | 'chunked' | 'close';

export interface ResponseFraming {
  readonly body: ResponseBody;
  /** 0 unless `body` is `length`, and there it may be 0 as well. */
  readonly length: number;
}

const CHUNKED: ResponseFraming = { body: 'chunked', length: 0 };
const CLOSE: ResponseFraming = { body: 'close', length: 0 };
const NONE: ResponseFraming = { body: 'none', length: 0 };

/** Whether a response has no body whatever its fields say (RFC 9110 §6.4.1). */
export function isBodiless(status: number, requestMethod: string): boolean {
  return status < 200 || status === 204 || status === 304 || requestMethod === 'HEAD';
}

/**
 * The framing that the fields of a response announce, or what is wrong with it. A response without a body is held to
 * the same rules: `Content-Length` and `Transfer-Encoding` go on to clients that may believe another one of them.
 */
export function responseFraming(
  headers: readonly string[],
  versionMinor: 0 | 1,
  bodiless: boolean,
): ResponseFraming | string {
  const codings = headerValues(headers, 'transfer-encoding');
  const lengths = headerValues(headers, 'content-length');
  if (codings.length === 0) {
    if (lengths.length === 0) return bodiless ? NONE : CLOSE;
    const length = contentLength(lengths);
    if (length === undefined) return 'bad Content-Length';
    return bodiless ? NONE : { body: 'length', length };
  }
  if (lengths.length > 0) return 'both Content-Length and Transfer-Encoding';
  // RFC 9112 §6.1: HTTP/1.0 has no codings, so who sends one has its framing wrong.
  if (versionMinor === 0) return 'Transfer-Encoding in HTTP/1.0';
  if (codings.length > 1 || transferCoding(codings[0]!) !== undefined) return 'unsupported transfer encoding';
  return bodiless ? NONE : CHUNKED;
}

import { connectionClose } from '../request/connection.ts';
import { keepAliveTimeoutMs } from '../request/keep-alive.ts';
import { hasToken, headerValue } from '../request/request-head.ts';
import { CHAR_CLASS, CR, DIGIT_CHAR, LF, SP, VALUE_CHAR } from './char-class.ts';
import type { HeadLimits } from './head-limits.ts';
import { CONNECTION, CONTENT_LENGTH, KEEP_ALIVE, knownFields, TRANSFER_ENCODING } from './known-fields.ts';
import {
  BAD_FIELD_NAME,
  BAD_FIELD_VALUE,
  BAD_LINE_END,
  FIELDS_INCOMPLETE,
  FOLDED_FIELD,
  parseFields,
  TOO_MANY_FIELDS,
} from './parse-fields.ts';
import { isBodiless, type ResponseBody, responseFraming } from './response-framing.ts';

export type { HeadLimits } from './head-limits.ts';
export type { ResponseBody } from './response-framing.ts';

/** A response head, interim ones (1xx) included. */
export interface ParsedResponse {
  readonly kind: 'response';
  /** 100 to 999. */
  readonly status: number;
  /** As received; may be empty. */
  readonly reason: string;
  readonly versionMinor: 0 | 1;
  /** Name, value, name, value, ... as received, blanks around values cut. */
  readonly headers: string[];
  /** Offset behind the empty line. */
  readonly end: number;
  readonly body: ResponseBody;
  /** Of the body; 0 unless `body` is `length`, and there it may be 0 as well. */
  readonly length: number;
  /** Whether the endpoint takes another request on this connection after the body. */
  readonly keepAlive: boolean;
  /** How long it keeps an idle connection, when it says so. */
  readonly keepAliveTimeoutMs: number | undefined;
}

/** A response that is answered with 502, and ends its connection. */
export interface BadResponse {
  readonly kind: 'bad';
  readonly reason: string;
}

export type ResponseParse = ParsedResponse | { readonly kind: 'incomplete' } | BadResponse;

const INCOMPLETE: ResponseParse = { kind: 'incomplete' };
const BAD_STATUS_LINE = bad('malformed status line');
const BAD_VERSION = bad('malformed HTTP version');
/** Over `maxBytes` or `maxFields`. */
export const RESPONSE_HEAD_TOO_LONG: BadResponse = bad('response headers exceeded limit');

const FIELD_PROBLEMS: Readonly<Record<number, BadResponse>> = {
  [BAD_FIELD_NAME]: bad('malformed header name'),
  [BAD_FIELD_VALUE]: bad('control byte in a header'),
  [FOLDED_FIELD]: bad('folded header'),
  [BAD_LINE_END]: bad('bare CR or LF'),
  [TOO_MANY_FIELDS]: RESPONSE_HEAD_TOO_LONG,
};

const HTTP1 = 'HTTP/1.';
const STATUS_LINE_FIXED = 'HTTP/1.1 200'.length;

/**
 * Reads the response head that begins at `from`, in latin1 text (RFC 9112 §4-§6); `requestMethod` decides whether a
 * body follows. Whatever could be read in two ways is bad. The space that ends a status line without a reason may be
 * missing: many leave it out, and it changes nothing.
 */
export function parseResponse(
  text: string,
  from: number,
  requestMethod: string,
  limits: HeadLimits,
): ResponseParse {
  const { maxBytes, maxFields } = limits;
  const tooLong = maxBytes > 0 && text.length - from > maxBytes;
  const stop = tooLong ? from + maxBytes : text.length;
  const incomplete = tooLong ? RESPONSE_HEAD_TOO_LONG : INCOMPLETE;

  if (from + STATUS_LINE_FIXED >= stop) {
    return fixedPartProblem(text.slice(from, stop)) ?? incomplete;
  }
  const minor = text.charCodeAt(from + 7) - 48;
  const status = digitsAt(text, from + 9);
  if (
    !text.startsWith(HTTP1, from) ||
    (minor !== 0 && minor !== 1) ||
    text.charCodeAt(from + 8) !== SP ||
    status < 100
  ) {
    return fixedPartProblem(text.slice(from, from + STATUS_LINE_FIXED)) ?? BAD_STATUS_LINE;
  }

  let at = from + STATUS_LINE_FIXED;
  let reasonFrom = at;
  if (text.charCodeAt(at) === SP) {
    at += 1;
    reasonFrom = at;
    while (at < stop && (CHAR_CLASS[text.charCodeAt(at)]! & VALUE_CHAR) !== 0) at += 1;
    if (at === stop) return incomplete;
  }
  const reasonTo = at;
  if (text.charCodeAt(at) !== CR) return BAD_STATUS_LINE;
  if (at + 1 === stop) return incomplete;
  if (text.charCodeAt(at + 1) !== LF) return BAD_STATUS_LINE;

  const headers: string[] = [];
  const end = parseFields(text, at + 2, stop, maxFields, headers);
  if (end < 0) return end === FIELDS_INCOMPLETE ? incomplete : FIELD_PROBLEMS[end]!;

  const known = knownFields(headers);
  const bodiless = isBodiless(status, requestMethod);
  let body: ResponseBody = bodiless ? 'none' : 'close';
  let length = 0;
  if ((known & (CONTENT_LENGTH | TRANSFER_ENCODING)) !== 0) {
    const framing = responseFraming(headers, minor, bodiless);
    if (typeof framing === 'string') return bad(framing);
    ({ body, length } = framing);
  }

  return {
    kind: 'response',
    status,
    reason:
      reasonTo - reasonFrom === 2 && text.startsWith('OK', reasonFrom)
        ? 'OK'
        : text.slice(reasonFrom, reasonTo),
    versionMinor: minor,
    headers,
    end,
    body,
    length,
    keepAlive: body !== 'close' && staysOpen(headers, minor, known),
    keepAliveTimeoutMs:
      (known & KEEP_ALIVE) === 0 ? undefined : keepAliveTimeoutMs(headerValue(headers, 'keep-alive')!),
  };
}

/** RFC 9112 §9.3. */
function staysOpen(headers: readonly string[], minor: 0 | 1, known: number): boolean {
  if ((known & CONNECTION) === 0) return minor === 1;
  if (connectionClose(headers)) return false;
  return minor === 1 || hasToken(headers, 'connection', 'keep-alive');
}

/** Three digits as a number; -1 when they are none. */
function digitsAt(text: string, at: number): number {
  let value = 0;
  for (let i = at; i < at + 3; i += 1) {
    const code = text.charCodeAt(i);
    if ((CHAR_CLASS[code]! & DIGIT_CHAR) === 0) return -1;
    value = value * 10 + code - 48;
  }
  return value;
}

/** Judges what is there of `HTTP/1.x nnn`; undefined when it is sound so far. */
function fixedPartProblem(text: string): BadResponse | undefined {
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i]!;
    if (i < 7 ? char !== HTTP1[i] : i === 7 && char !== '0' && char !== '1') return BAD_VERSION;
    if (i === 8 && char !== ' ') return BAD_STATUS_LINE;
    if (i > 8 && !(i === 9 ? /[1-9]/ : /\d/).test(char)) return BAD_STATUS_LINE;
  }
  return undefined;
}

function bad(reason: string): BadResponse {
  return { kind: 'bad', reason };
}

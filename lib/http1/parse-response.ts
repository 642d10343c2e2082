import { connectionClose } from '../request/connection.ts';
import { keepAliveTimeoutMs } from '../request/keep-alive.ts';
import { hasToken, headerValue } from '../request/request-head.ts';
import { CHAR_CLASS, CR, DIGIT_CHAR, LF, SP, VALUE_CHAR, ZERO } from './char-class.ts';
import {
  AMBIGUOUS_CODING,
  BAD_FIELD_NAME,
  BAD_FIELD_VALUE,
  BAD_LINE_END,
  FIELDS_INCOMPLETE,
  FieldLines,
  FOLDED_FIELD,
  TOO_MANY_FIELDS,
} from './field-lines.ts';
import type { HeadLimits } from './head-limits.ts';
import { CONNECTION, CONTENT_LENGTH, KEEP_ALIVE, TRANSFER_ENCODING } from './known-fields.ts';
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
  /** See ReceivedHead. */
  readonly text: string;
  readonly fieldsAt: number;
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
/** What came does not begin like a response. */
export function isNoResponse(problem: BadResponse): boolean {
  return problem === BAD_STATUS_LINE || problem === BAD_VERSION;
}

/** Over `maxBytes` or `maxFields`. */
export const RESPONSE_HEAD_TOO_LONG: BadResponse = bad('response headers exceeded limit');

const FIELD_PROBLEMS: Readonly<Record<number, BadResponse>> = {
  [BAD_FIELD_NAME]: bad('malformed header name'),
  [BAD_FIELD_VALUE]: bad('control byte in a header'),
  [FOLDED_FIELD]: bad('folded header'),
  [BAD_LINE_END]: bad('bare CR or LF'),
  [AMBIGUOUS_CODING]: bad('unsupported transfer encoding'),
  [TOO_MANY_FIELDS]: RESPONSE_HEAD_TOO_LONG,
};

const STATUS_LINE = Buffer.from('HTTP/1.1 200');
const MINOR = 'HTTP/1.'.length;
const STATUS = 'HTTP/1.1 '.length;

const LINES = new FieldLines();

/**
 * Reads the response head that begins at `from` (RFC 9112 §4-§6); `requestMethod` decides whether a body follows.
 * Whatever could be read in two ways is bad. The space that ends a status line without a reason may be missing: many
 * leave it out, and it changes nothing.
 */
export function parseResponse(
  bytes: Buffer,
  from: number,
  requestMethod: string,
  limits: HeadLimits,
): ResponseParse {
  const { maxBytes, maxFields } = limits;
  const tooLong = maxBytes > 0 && bytes.length - from > maxBytes;
  const stop = tooLong ? from + maxBytes : bytes.length;
  const incomplete = tooLong ? RESPONSE_HEAD_TOO_LONG : INCOMPLETE;

  const status = statusAt(bytes, from, stop);
  if (status === undefined) return incomplete;
  if (typeof status !== 'number') return status;

  let at = from + STATUS_LINE.length;
  if (at === stop) return incomplete;
  if (bytes[at] === SP) at += 1;
  const reasonFrom = at;
  if (at > from + STATUS_LINE.length) {
    while (at < stop && (CHAR_CLASS[bytes[at]!]! & VALUE_CHAR) !== 0) at += 1;
    if (at === stop) return incomplete;
  }
  const reasonTo = at;
  if (bytes[at] !== CR) return BAD_STATUS_LINE;
  if (at + 1 === stop) return incomplete;
  if (bytes[at + 1] !== LF) return BAD_STATUS_LINE;

  const fieldsFrom = at + 2;
  const end = LINES.read(bytes, fieldsFrom, stop, maxFields);
  if (end < 0) return end === FIELDS_INCOMPLETE ? incomplete : FIELD_PROBLEMS[end]!;

  const text = bytes.toString('latin1', from, end);
  const headers = LINES.texts(text, from);
  const versionMinor = bytes[from + MINOR] === ZERO ? 0 : 1;
  const { known, areCanonical } = LINES;
  const bodiless = isBodiless(status, requestMethod);
  let body: ResponseBody = bodiless ? 'none' : 'close';
  let length = 0;
  if ((known & (CONTENT_LENGTH | TRANSFER_ENCODING)) !== 0) {
    const framing = responseFraming(headers, versionMinor, bodiless);
    if (typeof framing === 'string') return bad(framing);
    body = framing.body;
    length = framing.length;
  }

  return {
    kind: 'response',
    status,
    reason: text.slice(reasonFrom - from, reasonTo - from),
    versionMinor,
    headers,
    text,
    fieldsAt: areCanonical ? fieldsFrom - from : -1,
    end,
    body,
    length,
    keepAlive: body !== 'close' && staysOpen(headers, versionMinor, known),
    keepAliveTimeoutMs:
      (known & KEEP_ALIVE) === 0 ? undefined : keepAliveTimeoutMs(headerValue(headers, 'keep-alive')!),
  };
}

/** The status code of `HTTP/1.x nnn`, or what is wrong with it; undefined when what is there is sound so far. */
function statusAt(bytes: Buffer, from: number, stop: number): number | BadResponse | undefined {
  let status = 0;
  for (let i = 0; i < STATUS_LINE.length; i += 1) {
    if (from + i === stop) return undefined;
    const code = bytes[from + i]!;
    if (i >= STATUS) {
      if ((CHAR_CLASS[code]! & DIGIT_CHAR) === 0 || (i === STATUS && code === ZERO)) return BAD_STATUS_LINE;
      status = status * 10 + code - ZERO;
    } else if (code !== STATUS_LINE[i] && (i !== MINOR || code !== ZERO)) {
      return i <= MINOR ? BAD_VERSION : BAD_STATUS_LINE;
    }
  }
  return status;
}

/** RFC 9112 §9.3. */
function staysOpen(headers: readonly string[], minor: 0 | 1, known: number): boolean {
  if ((known & CONNECTION) === 0) return minor === 1;
  if (connectionClose(headers)) return false;
  return minor === 1 || hasToken(headers, 'connection', 'keep-alive');
}

function bad(reason: string): BadResponse {
  return { kind: 'bad', reason };
}

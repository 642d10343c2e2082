import { type Answer, isAnswer } from '../request/answer.ts';
import { connectionClose } from '../request/connection.ts';
import { expectation } from '../request/expectation.ts';
import { type Framing, requestFraming } from '../request/framing.ts';
import { upgradeToken } from '../request/upgrade.ts';
import {
  CHAR_CLASS,
  CR,
  DIGIT_CHAR,
  LF,
  PLAIN_TARGET_CHAR,
  SP,
  TARGET_CHAR,
  TOKEN_CHAR,
} from './char-class.ts';
import { FIELDS_INCOMPLETE, FieldLines } from './field-lines.ts';
import type { HeadLimits } from './head-limits.ts';
import { CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING, UPGRADE } from './known-fields.ts';
import {
  BAD_MAJOR_VERSION,
  BAD_MINOR_VERSION,
  BAD_REQUEST_LINE,
  BAD_REQUEST_LINE_END,
  BAD_VERSION,
  fieldRefusal,
  HEAD_TOO_LONG,
  type Refusal,
  refusal,
} from './refusal.ts';

export type { HeadLimits } from './head-limits.ts';
export type { Refusal, RefusalReason } from './refusal.ts';

/** A request that the fast lane serves. Which host it is for, and whether that is sound, is `requestHost`'s to say. */
export interface ParsedRequest {
  readonly kind: 'request';
  readonly method: string;
  /** Byte for byte (latin1 code units), none of them a control byte or blank. */
  readonly target: string;
  /** See RequestHead. */
  readonly targetIsPlain: boolean;
  /** Name, value, name, value, ... as received, blanks around values cut. */
  readonly headers: string[];
  /** See RequestHead. */
  readonly valuesArePlain: boolean;
  /** See ReceivedHead. */
  readonly text: string;
  readonly fieldsAt: number;
  /** Offset behind the empty line. */
  readonly end: number;
  readonly body: 'none' | 'length' | 'chunked';
  /** Of the body; 0 unless `body` is `length`, and there it may be 0 as well. */
  readonly length: number;
  /** Whether the client will send no other request on this connection. */
  readonly close: boolean;
  /** Whether the client may be waiting for 100 before it sends its body. */
  readonly expectContinue: boolean;
}

/** A sound head that is for the general lane, which gets the same bytes. */
export interface HandOver {
  readonly kind: 'hand-over';
  readonly why: 'http10' | 'upgrade';
}

export interface Incomplete {
  readonly kind: 'incomplete';
}

export type RequestParse = ParsedRequest | Incomplete | Refusal | HandOver;

const INCOMPLETE: Incomplete = { kind: 'incomplete' };
const HTTP10: HandOver = { kind: 'hand-over', why: 'http10' };
const UPGRADED: HandOver = { kind: 'hand-over', why: 'upgrade' };
const VERSION = Buffer.from('HTTP/1.1\r\n');
const MAJOR = 'HTTP/'.length;
const MINOR = 'HTTP/1.'.length;
const SLASH = 47;

const LINES = new FieldLines();

/**
 * Reads the request head that begins at `from` (RFC 9112 §2-§6). What could be read in two ways is refused, as soon as
 * it is seen: bytes that are wrong already are not waited out, and a head over its limits is refused where it exceeds
 * them.
 *
 * An incomplete head is read again from its start; who gets it in many pieces keeps them in a `PartialHead`, which
 * tells when that is worth while.
 */
export function parseRequest(bytes: Buffer, from: number, limits: HeadLimits): RequestParse {
  let at = from;
  // RFC 9112 §2.2: an empty line ahead of a request, such as one too many behind a body, is ignored. One of them.
  if (at < bytes.length && bytes[at] === CR) {
    if (at + 1 === bytes.length) return INCOMPLETE;
    if (bytes[at + 1] !== LF) return BAD_REQUEST_LINE_END;
    at += 2;
  }
  const { maxBytes, maxFields } = limits;
  const tooLong = maxBytes > 0 && bytes.length - at > maxBytes;
  const stop = tooLong ? at + maxBytes : bytes.length;
  const incomplete = tooLong ? HEAD_TOO_LONG : INCOMPLETE;

  const methodFrom = at;
  while (at < stop && (CHAR_CLASS[bytes[at]!]! & TOKEN_CHAR) !== 0) at += 1;
  if (at === stop) return incomplete;
  if (at === methodFrom || bytes[at] !== SP) return lineProblem(bytes[at]!);
  const methodTo = at;

  at += 1;
  const targetFrom = at;
  let common = PLAIN_TARGET_CHAR;
  while (at < stop) {
    const classes = CHAR_CLASS[bytes[at]!]!;
    if ((classes & TARGET_CHAR) === 0) break;
    common &= classes;
    at += 1;
  }
  if (at === stop) return incomplete;
  if (at === targetFrom || bytes[at] !== SP) return lineProblem(bytes[at]!);
  const targetTo = at;

  at += 1;
  const version = versionAt(bytes, at, stop);
  if (version === undefined) return incomplete;
  if (typeof version !== 'string') return version;

  const fieldsFrom = at + VERSION.length;
  const end = LINES.read(bytes, fieldsFrom, stop, maxFields);
  if (end < 0) return end === FIELDS_INCOMPLETE ? incomplete : fieldRefusal(end);
  if (version === 'http10') return HTTP10;

  const text = bytes.toString('latin1', methodFrom, end);
  const headers = LINES.texts(text, methodFrom);
  const { known, valuesArePlain, areCanonical } = LINES;
  let body: ParsedRequest['body'] = 'none';
  let length = 0;
  let expectContinue = false;
  if (known !== 0) {
    const head = { headers, versionMinor: 1 } as const;
    if ((known & (CONTENT_LENGTH | TRANSFER_ENCODING)) !== 0) {
      const framing: Framing | Answer = requestFraming(head);
      if (isAnswer(framing)) return refusal(framing.status === 501 ? 'transfer coding' : 'framing', framing);
      body = framing.kind;
      if (framing.kind === 'length') length = framing.length;
    }
    if ((known & UPGRADE) !== 0 && upgradeToken(head) !== undefined) return UPGRADED;
    if ((known & EXPECT) !== 0) {
      const expected = expectation(head);
      if (typeof expected !== 'string') return refusal('expectation', expected);
      expectContinue = expected === 'continue';
    }
  }

  return {
    kind: 'request',
    method: text.slice(0, methodTo - methodFrom),
    target: text.slice(targetFrom - methodFrom, targetTo - methodFrom),
    targetIsPlain: common !== 0 && bytes[targetFrom] === SLASH,
    headers,
    valuesArePlain,
    text,
    fieldsAt: areCanonical ? fieldsFrom - methodFrom : -1,
    end,
    body,
    length,
    close: (known & CONNECTION) !== 0 && connectionClose(headers),
    expectContinue,
  };
}

function lineProblem(code: number): Refusal {
  return code === LF || code === CR ? BAD_REQUEST_LINE_END : BAD_REQUEST_LINE;
}

/** Judges `HTTP/x.y` and the end of its line, or what is there of them; undefined when that is sound so far. */
function versionAt(bytes: Buffer, from: number, stop: number): 'http10' | 'http11' | Refusal | undefined {
  for (let i = 0; i < VERSION.length; i += 1) {
    if (from + i === stop) return undefined;
    const code = bytes[from + i]!;
    if (i === MAJOR || i === MINOR) {
      if ((CHAR_CLASS[code]! & DIGIT_CHAR) === 0) return BAD_VERSION;
    } else if (code !== VERSION[i]) {
      if (i < MINOR) return BAD_VERSION;
      return i === VERSION.length - 1 ? BAD_REQUEST_LINE_END : lineProblem(code);
    }
  }
  if (bytes[from + MAJOR] !== VERSION[MAJOR]) return BAD_MAJOR_VERSION;
  if (bytes[from + MINOR] === VERSION[MINOR]) return 'http11';
  return bytes[from + MINOR] === VERSION[MINOR]! - 1 ? 'http10' : BAD_MINOR_VERSION;
}

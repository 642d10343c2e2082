import { type Answer, badRequest, notImplemented } from './answer.ts';
import { headerValues, type RequestHead } from './request-head.ts';

/** How a request's body is delimited (RFC 9112 §6). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' };

const NONE: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const TOKEN = /^[\w!#$%&'*+\-.^`|~]+$/;

/**
 * The framing of a request, or why it is refused (hazards 1): whatever two parsers could read in two ways is not
 * repaired, since the one behind us might be the other one.
 */
export function requestFraming(head: Pick<RequestHead, 'headers' | 'versionMinor'>): Framing | Answer {
  const codings = headerValues(head.headers, 'transfer-encoding');
  const lengths = headerValues(head.headers, 'content-length');
  if (codings.length === 0) {
    if (lengths.length === 0) return NONE;
    const length = contentLength(lengths);
    return length === undefined ? badRequest() : { kind: 'length', length };
  }
  // RFC 9112 §6.1: both at once, or a coding where there is none, is how requests are smuggled.
  if (lengths.length > 0 || head.versionMinor === 0 || codings.length > 1) return badRequest();
  return transferCoding(codings[0]!) ?? CHUNKED;
}

/**
 * What `Content-Length` says; undefined when it is not one number, or one too large to count. Twice the same is
 * refused too: a parser that takes the first and one that takes the last agree until somebody changes one of them.
 */
export function contentLength(values: readonly string[]): number | undefined {
  if (values.length !== 1) return undefined;
  const text = values[0]!;
  if (text === '') return undefined;
  // By hand: half of all responses have one, and a pattern and a conversion of text cost more than their whole head.
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    length = length * 10 + digit;
    if (length > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return length;
}

/** Undefined when a `Transfer-Encoding` is exactly `chunked`; 501 for a coding we do not know, 400 for nonsense. */
export function transferCoding(value: string): Answer | undefined {
  if (value.toLowerCase() === 'chunked') return undefined;
  const parts = value.split(',').map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ''));
  const unknown = parts.some((part) => part.toLowerCase() !== 'chunked');
  return unknown && parts.every((part) => TOKEN.test(part)) ? notImplemented() : badRequest();
}

/** The fields that tell an endpoint the same. `Content-Length: 0` stays, and none stays none (http.md 9). */
export function framingHeaders(framing: Framing): string[] {
  switch (framing.kind) {
    case 'none':
      return [];
    case 'length':
      return ['Content-Length', String(framing.length)];
    case 'chunked':
      return ['Transfer-Encoding', 'chunked'];
  }
}

import { CHAR_CLASS, TOKEN_CHAR, VALUE_CHAR } from '../http1/char-class.ts';
import { isConnectionSpecific } from './fields.ts';

const COLON = 58;

/** `:authority` names a host and a port and nobody who asks (RFC 9113 §8.3.1). */
const AUTHORITY = /^[!$-.0-9:;=A-Z[\]_a-z~%]+$/;
const SCHEME = /^[A-Za-z][A-Za-z\d+.-]*$/;
const TARGET = /^(?:\/[!-~\x80-\xff]*|\*)$/;
const NUMBER = /^\d{1,15}$/;

/** What is wrong with the field section of a request (name, value, ...), in words; undefined when nothing is. */
export function requestFieldsProblem(fields: readonly string[]): string | undefined {
  let method: string | undefined;
  let scheme: string | undefined;
  let path: string | undefined;
  let authority: string | undefined;
  let host = false;
  let at = 0;
  for (; at < fields.length && fields[at]!.charCodeAt(0) === COLON; at += 2) {
    const name = fields[at]!;
    const value = fields[at + 1]!;
    switch (name) {
      case ':method':
        if (method !== undefined || !isToken(value)) return name;
        method = value;
        break;
      case ':scheme':
        if (scheme !== undefined || !SCHEME.test(value)) return name;
        scheme = value;
        break;
      case ':path':
        if (path !== undefined || !TARGET.test(value)) return name;
        path = value;
        break;
      case ':authority':
        if (authority !== undefined || !AUTHORITY.test(value)) return name;
        authority = value;
        break;
      default:
        return 'an unknown pseudo-field';
    }
  }
  let length = false;
  for (; at < fields.length; at += 2) {
    const name = fields[at]!;
    const value = fields[at + 1]!;
    const problem = fieldProblem(name, value);
    if (problem !== undefined) return problem;
    if (name === 'content-length') {
      if (length || !NUMBER.test(value)) return name;
      length = true;
    } else if (name === 'host') {
      if (host || !AUTHORITY.test(value)) return name;
      host = true;
    } else if (name === 'te' && value.toLowerCase() !== 'trailers') return name;
  }
  if (method === undefined || (authority === undefined && !host)) return 'a pseudo-field is missing';
  // RFC 9113 §8.5.
  if (method === 'CONNECT') return scheme === undefined && path === undefined ? undefined : 'CONNECT';
  return scheme === undefined || path === undefined ? 'a pseudo-field is missing' : undefined;
}

/** The same for trailers: no pseudo-fields (RFC 9113 §8.1). */
export function trailersProblem(fields: readonly string[]): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    const problem = fieldProblem(fields[i]!, fields[i + 1]!);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** RFC 9113 §8.2. */
function fieldProblem(name: string, value: string): string | undefined {
  if (!isLowerToken(name)) return 'a field name';
  if (!isValue(value)) return 'a field value';
  // `te: trailers` is the one that may come.
  return name !== 'te' && isConnectionSpecific(name) ? 'a field of the connection' : undefined;
}

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if ((CHAR_CLASS[text.charCodeAt(i)]! & TOKEN_CHAR) === 0) return false;
  }
  return text !== '';
}

function isLowerToken(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if ((code >= 65 && code <= 90) || (CHAR_CLASS[code]! & TOKEN_CHAR) === 0) return false;
  }
  return text !== '';
}

function isValue(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if ((CHAR_CLASS[text.charCodeAt(i)]! & VALUE_CHAR) === 0) return false;
  }
  return text === '' || !(isBlank(text.charCodeAt(0)) || isBlank(text.charCodeAt(text.length - 1)));
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

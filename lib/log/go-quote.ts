/** Printable ASCII without `"` and `\`: what nearly every value is made of, and needs no escaping. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** What Go's `unicode.IsPrint` accepts: ASCII blank is the only blank. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/**
 * A header value as Go's `%q` would write it between its quotes (operations.md 10). `value` holds one byte in each
 * code unit, as node gives header values; the bytes are read as UTF-8, and those that are not are written `\xff`.
 */
export function goEscapeBytes(value: string): string {
  if (PLAIN.test(value)) return value;
  const bytes = Buffer.from(value, isBytes(value) ? 'latin1' : 'utf8');
  let escaped = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      escaped += `\\x${hex(bytes[at]!, 2)}`;
      at += 1;
    } else {
      escaped += escapeRune(bytes.toString('utf8', at, at + length));
      at += length;
    }
  }
  return escaped;
}

/** The same for a text that is already decoded, such as a field of a register message. */
export function goEscapeText(value: string): string {
  if (PLAIN.test(value)) return value;
  let escaped = '';
  for (const rune of value.toWellFormed()) escaped += escapeRune(rune);
  return escaped;
}

/** A header value as text: its bytes read as UTF-8. */
export function decodeBytes(value: string): string {
  return PLAIN.test(value) || !isBytes(value) ? value : Buffer.from(value, 'latin1').toString('utf8');
}

function isBytes(value: string): boolean {
  for (let i = 0; i < value.length; i += 1) if (value.charCodeAt(i) > 0xff) return false;
  return true;
}

function escapeRune(rune: string): string {
  const short = ESCAPES[rune];
  if (short !== undefined) return short;
  if (PRINTABLE.test(rune)) return rune;
  const code = rune.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/**
 * Bytes of the UTF-8 sequence that begins at `at`, 0 when there is no valid one (RFC 3629 §4: no overlong forms,
 * no surrogates, nothing above U+10FFFF).
 */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (let i = 1; i < length; i += 1) {
    const next = bytes[at + i];
    if (next === undefined || next < lowest(first, i) || next > highest(first, i)) return 0;
  }
  return length;
}

function lowest(first: number, index: number): number {
  if (index === 1 && first === 0xe0) return 0xa0;
  return index === 1 && first === 0xf0 ? 0x90 : 0x80;
}

function highest(first: number, index: number): number {
  if (index === 1 && first === 0xed) return 0x9f;
  return index === 1 && first === 0xf4 ? 0x8f : 0xbf;
}

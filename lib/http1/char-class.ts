/** What a byte may be part of; bits of `CHAR_CLASS`. */
export const TOKEN_CHAR = 1; // RFC 9110 §5.6.2
/** HTAB, SP, VCHAR and obs-text. Other control bytes, DEL among them, are refused (RFC 9110 §5.5). */
export const VALUE_CHAR = 2;
/** VCHAR and obs-text: raw bytes from 0x80 on are no URI, but are forwarded as they are (hazards 1). */
export const TARGET_CHAR = 4;
/** HTAB and VCHAR behind a backslash, or anything of a quoted string but `"` and `\` (RFC 9110 §5.6.4). */
export const QUOTED_CHAR = 8;
export const DIGIT_CHAR = 16;
/** Printable ASCII without `"` and `\`: what nearly every value is made of, and stands in a quoted text as it is. */
export const PLAIN_CHAR = 32;
/** What nearly every target is made of: stands in a log, and in a path, as it is. No fragment begins with it. */
export const PLAIN_TARGET_CHAR = 64;

export const HTAB = 9;
export const LF = 10;
export const CR = 13;
export const SP = 32;
export const ZERO = 48;
export const COLON = 58;

/** Indexed by byte: which of the classes it belongs to. */
export const CHAR_CLASS: Uint8Array = charClasses();

function charClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (let code = 0; code < 256; code += 1) {
    const blank = code === HTAB || code === SP;
    const visible = (code > SP && code < 127) || code >= 128;
    const text = String.fromCharCode(code);
    if (visible) classes[code]! |= TARGET_CHAR;
    if (visible || blank) classes[code]! |= VALUE_CHAR;
    if ((visible || blank) && text !== '"' && text !== '\\') classes[code]! |= QUOTED_CHAR;
    if (/[\w!#$%&'*+\-.^`|~]/.test(text)) classes[code]! |= TOKEN_CHAR;
    if (/\d/.test(text)) classes[code]! |= DIGIT_CHAR;
    if (/[ !#-[\]-~]/.test(text)) classes[code]! |= PLAIN_CHAR;
    if (/[!$-;=?-[\]_a-z~]/.test(text)) classes[code]! |= PLAIN_TARGET_CHAR;
  }
  return classes;
}

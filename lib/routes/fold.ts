import { isUtf8 } from 'node:buffer';

const FOLDED = /^[^A-Z\u0080-\uffff]*$/;
const BEYOND_LATIN1 = /[\u0100-\uffff]/;

/**
 * Text of a request head (latin1 code units) in the form of a route key: lower case, and raw UTF-8 bytes
 * read as the characters they stand for, since registrations arrive as such. Invalid UTF-8 stays as it is.
 */
export function foldForLookup(text: string): string {
  if (FOLDED.test(text)) return text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is meant, all of it
  if (/^[\x00-\x7f]*$/.test(text) || BEYOND_LATIN1.test(text)) return text.toLowerCase();
  const bytes = Buffer.from(text, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8').toLowerCase() : text.replace(/[A-Z]+/g, lower);
}

function lower(letters: string): string {
  return letters.toLowerCase();
}

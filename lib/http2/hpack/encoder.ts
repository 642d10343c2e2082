import { STATIC_COUNT, STATIC_FIELDS } from './static-table.ts';

/** Index of the first field with that name, and of those with a value: what needs no more than a number. */
const NAMES = new Map<string, number>();
const STATUSES = new Map<string, string>();
for (let index = STATIC_COUNT; index > 0; index -= 1) {
  const name = STATIC_FIELDS[index * 2 - 2]!;
  NAMES.set(name, index);
  if (name === ':status') STATUSES.set(STATIC_FIELDS[index * 2 - 1]!, String.fromCharCode(0x80 | index));
}

/** Names as they are written, ready: few applications send more than a few dozen. */
const KNOWN_NAMES = new Map<string, string>();
const MOST_KNOWN_NAMES = 512;

/**
 * A field section (name, value, ..., lower-case names) in HPACK (RFC 7541), as latin1 text. Nothing goes into the
 * dynamic table: the next section depends on none before it, and keeping such a table costs more than it saves on a
 * platform's own network.
 */
export function encodeFields(fields: readonly string[]): string {
  let block = '';
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    const status = name === ':status' ? STATUSES.get(value) : undefined;
    if (status !== undefined) block += status;
    else block += encodedName(name) + encodedLength(value.length) + value;
  }
  return block;
}

function encodedName(name: string): string {
  const known = KNOWN_NAMES.get(name);
  if (known !== undefined) return known;
  const index = NAMES.get(name);
  // A literal without indexing (§6.2.2).
  const encoded = index === undefined ? `\0${encodedLength(name.length)}${name}` : integer(index, 4);
  if (KNOWN_NAMES.size < MOST_KNOWN_NAMES && name.length < 64) KNOWN_NAMES.set(name, encoded);
  return encoded;
}

/** Of a string that is not in Huffman code (§5.2). */
function encodedLength(length: number): string {
  return length < 127 ? String.fromCharCode(length) : integer(length, 7);
}

/** RFC 7541 §5.1, the bits ahead of the prefix being 0. */
function integer(value: number, prefixBits: number): string {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return String.fromCharCode(value);
  let text = String.fromCharCode(mask);
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) text += String.fromCharCode((rest & 127) | 128);
  return text + String.fromCharCode(rest);
}

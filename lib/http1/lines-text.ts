/** A head as it was received. */
export interface ReceivedHead {
  /** Name, value, name, value, ... */
  readonly headers: readonly string[];
  /** All of it (latin1), from its first line to the empty one. */
  readonly text: string;
  /** Where in `text` the first field line begins; -1 unless each is `name: value` to the byte, with one blank. */
  readonly fieldsAt: number;
}

/** Lines that are looked for in vain; there are a handful, and an endpoint could send tens of thousands of them. */
const MOST_MISSED = 16;

/**
 * Field lines as bytes (latin1), for `headers` as name, value, ... Lines that stand together in a head that was
 * `received`, whatever they are preceded by there from `from` on, are taken from it in one piece: a piece costs the
 * same whether it is a colon or half a head.
 */
export function linesText(headers: readonly string[], received?: ReceivedHead, from = -1): string {
  if (received === undefined || received.fieldsAt < 0) return plainLines(headers);
  const raw = received.headers;
  let text = '';
  /** Where the piece begins that is being gathered; -1 = none is. */
  let pieceAt = from;
  /** The line in question, and where it is. */
  let line = 0;
  let at = received.fieldsAt;
  let missed = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    let found = missed === MOST_MISSED ? raw.length : line;
    let foundAt = at;
    while (found < raw.length && (raw[found] !== name || raw[found + 1] !== value)) {
      foundAt += lengthOf(raw, found);
      found += 2;
    }
    if (found === raw.length) {
      if (pieceAt !== -1) text += received.text.slice(pieceAt, at);
      pieceAt = -1;
      if (missed < MOST_MISSED) missed += 1;
      text += name + ': ' + value + '\r\n';
      continue;
    }
    if (found > line && pieceAt !== -1) text += received.text.slice(pieceAt, at);
    if (found > line || pieceAt === -1) pieceAt = foundAt;
    at = foundAt + lengthOf(raw, found);
    line = found + 2;
  }
  return pieceAt === -1 ? text : text + received.text.slice(pieceAt, at);
}

function plainLines(headers: readonly string[]): string {
  let text = '';
  for (let i = 0; i < headers.length; i += 2) text += headers[i] + ': ' + headers[i + 1] + '\r\n';
  return text;
}

/** Of a line with its end, in bytes. */
function lengthOf(headers: readonly string[], i: number): number {
  return headers[i]!.length + headers[i + 1]!.length + 4;
}

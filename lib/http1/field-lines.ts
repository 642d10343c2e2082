import { CHAR_CLASS, COLON, CR, HTAB, LF, PLAIN_CHAR, SP, TOKEN_CHAR, VALUE_CHAR } from './char-class.ts';
import { knownField, TRANSFER_ENCODING } from './known-fields.ts';

/** What `read` returns, when it is not the offset behind the section. */
export const FIELDS_INCOMPLETE = -1;
export const BAD_FIELD_NAME = -2;
export const BAD_FIELD_VALUE = -3;
/** A line that begins with a blank (RFC 9112 §5.2). */
export const FOLDED_FIELD = -4;
/** CR without LF, or LF without CR. */
export const BAD_LINE_END = -5;
export const TOO_MANY_FIELDS = -6;
/** HTAB behind the value of `Transfer-Encoding`. */
export const AMBIGUOUS_CODING = -7;

/** Offsets kept for a field: its name from and to, its value from and to. */
const MARKS = 4;
const FIRST_FIELDS = 64;
/** Room for more is given up again. */
const KEPT_FIELDS = 8 * 1024;

/**
 * The field lines of a head or trailer section (RFC 9112 §5): found in bytes first, made strings afterwards, since
 * bytes are checked in half the time of text, and what is refused or incomplete costs no string at all.
 * One object serves any number of sections, one after the other.
 */
export class FieldLines {
  /** Which fields that matter for framing were found: bits of known-fields.ts. */
  known = 0;
  /** Whether all values are printable ASCII without `"` and `\`. */
  valuesArePlain = false;
  /** Whether each line is `name: value` to the byte, with one blank, and none behind the value. */
  areCanonical = false;
  #marks = new Uint32Array(FIRST_FIELDS * MARKS);
  #count = 0;

  /**
   * Reads lines from `from` on up to the empty one that ends them, and nothing at or behind `stop`; `maxFields` 0 = no
   * limit. Returns the offset behind the empty line, or one of the negative codes above: a section that is wrong
   * already is told so before its end has come.
   */
  read(bytes: Buffer, from: number, stop: number, maxFields: number): number {
    if (this.#marks.length > KEPT_FIELDS * MARKS) this.#marks = new Uint32Array(FIRST_FIELDS * MARKS);
    let marks = this.#marks;
    let known = 0;
    let common = PLAIN_CHAR;
    let canonical = true;
    let count = 0;
    let at = from;
    while (at < stop) {
      if (bytes[at] === CR) {
        this.known = known;
        this.valuesArePlain = common !== 0;
        this.areCanonical = canonical;
        this.#count = count;
        if (at + 1 === stop) return FIELDS_INCOMPLETE;
        return bytes[at + 1] === LF ? at + 2 : BAD_LINE_END;
      }

      const nameFrom = at;
      while (at < stop && (CHAR_CLASS[bytes[at]!]! & TOKEN_CHAR) !== 0) at += 1;
      if (at === stop) return FIELDS_INCOMPLETE;
      if (at === nameFrom || bytes[at] !== COLON) return nameProblem(bytes[at]!, at === nameFrom);
      const nameTo = at;

      at += 1;
      while (at < stop && (bytes[at] === SP || bytes[at] === HTAB)) at += 1;
      const valueFrom = at;
      while (at < stop) {
        const classes = CHAR_CLASS[bytes[at]!]!;
        if ((classes & VALUE_CHAR) === 0) break;
        common &= classes;
        at += 1;
      }
      if (at === stop) return FIELDS_INCOMPLETE;
      if (bytes[at] !== CR) return bytes[at] === LF ? BAD_LINE_END : BAD_FIELD_VALUE;
      if (at + 1 === stop) return FIELDS_INCOMPLETE;
      if (bytes[at + 1] !== LF) return BAD_LINE_END;

      if (maxFields > 0 && count === maxFields) return TOO_MANY_FIELDS;
      if ((count + 1) * MARKS > marks.length) marks = this.#grow();
      let valueTo = at;
      while (valueTo > valueFrom && (bytes[valueTo - 1] === SP || bytes[valueTo - 1] === HTAB)) valueTo -= 1;
      if (valueTo !== at || valueFrom !== nameTo + 2 || bytes[nameTo + 1] !== SP) canonical = false;
      const mark = count * MARKS;
      marks[mark] = nameFrom;
      marks[mark + 1] = nameTo;
      marks[mark + 2] = valueFrom;
      marks[mark + 3] = valueTo;
      const field = knownField(bytes, nameFrom, nameTo);
      known |= field;
      // Sound as it is (RFC 9112 §5), `chunked` followed by HTAB is another coding to node's parser: to it there are
      // no chunks here. A body must not end in two places.
      if (field === TRANSFER_ENCODING && valueTo < at && bytes.subarray(valueTo, at).includes(HTAB)) {
        return AMBIGUOUS_CODING;
      }
      count += 1;
      at += 2;
    }
    return FIELDS_INCOMPLETE;
  }

  /**
   * The lines that the last `read` found, when it came to their end: name, value, name, value, ... as received,
   * blanks around values cut. `text` is latin1 text of the bytes from offset `base` on.
   */
  texts(text: string, base: number): string[] {
    const marks = this.#marks;
    const fields: string[] = [];
    for (let mark = 0; mark < this.#count * MARKS; mark += MARKS) {
      fields.push(
        text.slice(marks[mark]! - base, marks[mark + 1]! - base),
        text.slice(marks[mark + 2]! - base, marks[mark + 3]! - base),
      );
    }
    return fields;
  }

  #grow(): Uint32Array<ArrayBuffer> {
    const grown = new Uint32Array(this.#marks.length * 2);
    grown.set(this.#marks);
    this.#marks = grown;
    return grown;
  }
}

function nameProblem(code: number, first: boolean): number {
  if (first && (code === SP || code === HTAB)) return FOLDED_FIELD;
  return code === LF || code === CR ? BAD_LINE_END : BAD_FIELD_NAME;
}

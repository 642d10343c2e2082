import { CHAR_CLASS, COLON, CR, HTAB, LF, SP, TOKEN_CHAR, VALUE_CHAR } from './char-class.ts';

/** What `parseFields` returns, when it is not the offset behind the section. */
export const FIELDS_INCOMPLETE = -1;
export const BAD_FIELD_NAME = -2;
export const BAD_FIELD_VALUE = -3;
/** A line that begins with a blank (RFC 9112 §5.2). */
export const FOLDED_FIELD = -4;
/** CR without LF, or LF without CR. */
export const BAD_LINE_END = -5;
export const TOO_MANY_FIELDS = -6;

/**
 * Reads field lines up to the empty line that ends them (RFC 9112 §5), and adds name, value, name, value, ... to
 * `fields`: as received, blanks around values cut. Nothing at or behind `stop` is looked at.
 *
 * Returns the offset behind the empty line, or one of the negative codes above; a section that is wrong already is
 * told so before its end has come.
 */
export function parseFields(
  text: string,
  from: number,
  stop: number,
  maxFields: number,
  fields: string[],
): number {
  const most = maxFields > 0 ? fields.length + 2 * maxFields : Number.POSITIVE_INFINITY;
  let at = from;
  while (at < stop) {
    if (text.charCodeAt(at) === CR) {
      if (at + 1 === stop) return FIELDS_INCOMPLETE;
      return text.charCodeAt(at + 1) === LF ? at + 2 : BAD_LINE_END;
    }

    const nameFrom = at;
    while (at < stop && (CHAR_CLASS[text.charCodeAt(at)]! & TOKEN_CHAR) !== 0) at += 1;
    if (at === stop) return FIELDS_INCOMPLETE;
    if (at === nameFrom || text.charCodeAt(at) !== COLON)
      return nameProblem(text.charCodeAt(at), at === nameFrom);
    const nameTo = at;

    at += 1;
    while (at < stop && isBlank(text.charCodeAt(at))) at += 1;
    const valueFrom = at;
    while (at < stop && (CHAR_CLASS[text.charCodeAt(at)]! & VALUE_CHAR) !== 0) at += 1;
    if (at === stop) return FIELDS_INCOMPLETE;
    const ending = text.charCodeAt(at);
    if (ending !== CR) return ending === LF ? BAD_LINE_END : BAD_FIELD_VALUE;
    if (at + 1 === stop) return FIELDS_INCOMPLETE;
    if (text.charCodeAt(at + 1) !== LF) return BAD_LINE_END;

    if (fields.length >= most) return TOO_MANY_FIELDS;
    let valueTo = at;
    while (valueTo > valueFrom && isBlank(text.charCodeAt(valueTo - 1))) valueTo -= 1;
    fields.push(text.slice(nameFrom, nameTo), text.slice(valueFrom, valueTo));
    at += 2;
  }
  return FIELDS_INCOMPLETE;
}

function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

function nameProblem(code: number, first: boolean): number {
  if (first && isBlank(code)) return FOLDED_FIELD;
  return code === LF || code === CR ? BAD_LINE_END : BAD_FIELD_NAME;
}

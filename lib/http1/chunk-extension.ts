import { CHAR_CLASS, CR, QUOTED_CHAR, TOKEN_CHAR, VALUE_CHAR } from './char-class.ts';

/** Where a reader of chunk extensions is: `end` when their CR was read, `bad` when they are none. */
export type ExtensionState =
  | 'name'
  | 'more-name'
  | 'value'
  | 'more-value'
  | 'quoted'
  | 'quoted-pair'
  | 'quoted-end'
  | 'end'
  | 'bad';

const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;

/**
 * The state after one more byte of `;name`, `;name=token`, `;name="quoted"` and so on (RFC 9112 §7.1.1); `name` is
 * the first. Blanks are refused, as by node's parser: what is bad whitespace to one is the end of a size to another.
 */
export function afterExtensionByte(state: ExtensionState, code: number): ExtensionState {
  const charClass = CHAR_CLASS[code]!;
  const isToken = (charClass & TOKEN_CHAR) !== 0;
  switch (state) {
    case 'name':
      return isToken ? 'more-name' : 'bad';
    case 'more-name':
      if (isToken) return 'more-name';
      return code === EQUALS ? 'value' : afterExtension(code);
    case 'value':
      if (isToken) return 'more-value';
      return code === QUOTE ? 'quoted' : 'bad';
    case 'more-value':
      return isToken ? 'more-value' : afterExtension(code);
    case 'quoted':
      if ((charClass & QUOTED_CHAR) !== 0) return 'quoted';
      if (code === QUOTE) return 'quoted-end';
      return code === BACKSLASH ? 'quoted-pair' : 'bad';
    case 'quoted-pair':
      return (charClass & VALUE_CHAR) !== 0 ? 'quoted' : 'bad';
    case 'quoted-end':
      return afterExtension(code);
    default:
      return 'bad';
  }
}

function afterExtension(code: number): ExtensionState {
  if (code === CR) return 'end';
  return code === SEMICOLON ? 'name' : 'bad';
}

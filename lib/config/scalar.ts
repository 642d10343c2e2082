import type { Tree, TreeScalar } from './tree.ts';

/** What a scalar stands for in YAML 1.2, with the booleans of YAML 1.1 beside (operations.md 2). */
export type ScalarValue =
  | { readonly tag: 'null' }
  | { readonly tag: 'bool'; readonly value: boolean }
  | { readonly tag: 'int'; readonly value: number }
  | { readonly tag: 'float'; readonly value: number }
  | { readonly tag: 'str' };

const TRUE: ReadonlySet<string> = new Set(['true', 'True', 'TRUE']);
const FALSE: ReadonlySet<string> = new Set(['false', 'False', 'FALSE']);
const YES = /^(?:y|Y|yes|Yes|YES|on|On|ON)$/u;
const NO = /^(?:n|N|no|No|NO|off|Off|OFF)$/u;
const NULL: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/u;
const SPECIAL_FLOAT = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/u;

export function scalarValue(scalar: TreeScalar): ScalarValue {
  if (!scalar.plain) return { tag: 'str' };
  const { text } = scalar;
  if (NULL.has(text)) return { tag: 'null' };
  if (TRUE.has(text)) return { tag: 'bool', value: true };
  if (FALSE.has(text)) return { tag: 'bool', value: false };
  const digits = text.replaceAll('_', '');
  const int = integerOf(digits);
  if (int !== undefined) return { tag: 'int', value: int };
  if (FLOAT.test(digits)) return { tag: 'float', value: Number(digits) };
  if (SPECIAL_FLOAT.test(text)) return { tag: 'float', value: Number.NaN };
  return { tag: 'str' };
}

/** A boolean, in any spelling that stands unquoted where one is expected: `no` is text elsewhere. */
export function booleanOf(scalar: TreeScalar): boolean | undefined {
  const value = scalarValue(scalar);
  if (value.tag === 'bool') return value.value;
  if (!scalar.plain) return undefined;
  if (YES.test(scalar.text)) return true;
  return NO.test(scalar.text) ? false : undefined;
}

export function isNull(tree: Tree): boolean {
  return tree.kind === 'scalar' && scalarValue(tree).tag === 'null';
}

/** gorouter's YAML reads `010` as octal, as YAML 1.1 did. */
function integerOf(digits: string): number | undefined {
  const [, sign = '', radix = '', rest = ''] =
    /^([-+]?)(0[xX]|0[oO]|0[bB]|0(?=\d))?([0-9a-fA-F]+)$/u.exec(digits) ?? [];
  const body = /^(?:0x|0X)$/u.test(radix)
    ? `0x${rest}`
    : /^(?:0b|0B)$/u.test(radix)
      ? `0b${rest}`
      : radix === ''
        ? rest
        : `0o${rest}`;
  if (body === '' || (radix === '' && !/^\d+$/u.test(body))) return undefined;
  const value = Number(body);
  if (Number.isNaN(value)) return undefined;
  return sign === '-' && value !== 0 ? -value : value;
}

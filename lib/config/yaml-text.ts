import { formatDuration } from './duration.ts';
import type { Fields, Option } from './option.ts';
import { booleanOf, scalarValue } from './scalar.ts';
import { isSection } from './schema.ts';

/** Lines of YAML for one key and its value, without indentation. */
export function optionLines(key: string, option: Option<unknown>, value: unknown): string[] {
  if (option.type === 'items' && Array.isArray(value) && value.length > 0) {
    const fields = option.item ?? {};
    return [`${key}:`, ...value.flatMap((item) => indent(itemLines(fields, item), '  - ', '    '))];
  }
  if (typeof value === 'string' && isBlock(value)) {
    const lines = value.replace(/\n$/u, '').split('\n');
    return [`${key}: |${value.endsWith('\n') ? '' : '-'}`, ...indent(lines, '  ', '  ')];
  }
  return [`${key}: ${inline(option, value)}`];
}

/** Puts `first` before the first line and `rest` before the others. */
export function indent(lines: readonly string[], first: string, rest: string): string[] {
  return lines.map((line, i) => (i === 0 ? first : rest) + line);
}

function itemLines(fields: Fields, item: unknown): string[] {
  return Object.entries(fields).flatMap(([key, declared]) => {
    const value = (item as Record<string, unknown>)[key];
    if (!isSection(declared)) return optionLines(key, declared, value);
    return [`${key}:`, ...indent(itemLines(declared.fields, value), '  ', '  ')];
  });
}

function inline(option: Option<unknown>, value: unknown): string {
  if (option.type === 'duration') return formatDuration(value as number);
  if (Array.isArray(value)) return `[${value.map((one) => plainOrQuoted(one)).join(', ')}]`;
  return plainOrQuoted(value);
}

/** JSON's text is YAML's quoted text. Whatever could be read as something else than text gets quotes. */
function plainOrQuoted(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  const scalar = { kind: 'scalar', text: value, plain: true, line: 1 } as const;
  const safe = /^[\w./][\w./:-]*(?<!:)$/u.test(value) && !/^\d[\d_:]*$/u.test(value);
  const text = safe && scalarValue(scalar).tag === 'str' && booleanOf(scalar) === undefined;
  return text ? value : JSON.stringify(value);
}

/** Several lines, as PEM texts are, that a block shows as they are. */
function isBlock(text: string): boolean {
  return /^(?:[!-~](?:[ -~]*[!-~])?\n)+(?:[!-~](?:[ -~]*[!-~])?)?$/u.test(text);
}

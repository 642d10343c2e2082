import type { Fields, Option } from './option.ts';
import { type Config, isSection, schema } from './schema.ts';
import { indent, optionLines } from './yaml-text.ts';

const MASK = '<masked>';

/**
 * The configuration that the router would run with, as YAML: defaults, flags and derived values in place,
 * secrets masked.
 */
export function effectiveYaml(config: Config): string {
  return `${sectionLines(schema, config).join('\n')}\n`;
}

function sectionLines(fields: Fields, values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields).flatMap(([key, declared]) => {
    const value = values[key];
    if (isSection(declared)) {
      // An optional section that is off is told by its absence, as in the file.
      if (value === undefined) return [];
      const inner = sectionLines(declared.fields, value as Readonly<Record<string, unknown>>);
      return [`${key}:`, ...indent(inner, '  ', '  ')];
    }
    if (declared.type === 'ignored') return [];
    const [first = '', ...rest] = optionLines(key, declared, mask(declared, value));
    const note = declared.status === 'built' ? '' : ' # has no effect';
    return [first + note, ...rest];
  });
}

function mask(option: Option<unknown>, value: unknown): unknown {
  if (option.type === 'items' && Array.isArray(value)) {
    return value.map((item) => maskItem(option.item ?? {}, item as Record<string, unknown>));
  }
  if (option.secret === 'no' || value === '' || typeof value !== 'string') return value;
  return option.secret === 'url' ? maskUrl(value) : MASK;
}

function maskItem(fields: Fields, item: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(item).map(([key, value]) => {
      const declared = fields[key];
      return [key, declared === undefined || isSection(declared) ? value : mask(declared, value)];
    }),
  );
}

/** Passwords stand before the `@`, or in the query. What is no URL is masked whole. */
function maskUrl(text: string): string {
  if (!URL.canParse(text)) return MASK;
  const url = new URL(text);
  if (url.password !== '') url.password = 'masked';
  for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, 'masked');
  return url.href;
}

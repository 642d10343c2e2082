import { sameName } from '../request/header-names.ts';

/** A head with `fields` (name, value, ...) at its end, in place of all that had their names. */
export function withFields(headers: readonly string[], fields: readonly string[]): string[] {
  const lowerNames = fields.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if (lowerNames.some((lowerName) => sameName(name, lowerName))) continue;
    out.push(name, headers[i + 1]!);
  }
  out.push(...fields);
  return out;
}

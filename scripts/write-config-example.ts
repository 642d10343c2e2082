import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Fields, Option, Section } from '../lib/config/option.ts';
import { isSection, schema } from '../lib/config/schema.ts';
import { allowedWords } from '../lib/config/wording.ts';
import { indent, optionLines } from '../lib/config/yaml-text.ts';

const HEAD = `# Every key of turnout's configuration with its default. Made from the schema by scripts/write-config-example.ts.
#
# A line that begins with "#" and a blank explains; one that begins with "#" and a key is that key's default, left
# out because this version accepts the key without effect, or because its presence alone switches something on.
# Durations have units: 500ms, 15s, 1m30s. A section or list of which nothing is wanted can be left out.
`;

/** The text of config.example.yml. */
export function configExample(): string {
  return `${HEAD}\n${sectionLines(schema).join('\n')}\n`;
}

function sectionLines(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([key, declared]) => {
    if (!isSection(declared)) return keyLines(key, declared);
    const inner = indent(sectionLines(declared.fields), '  ', '  ');
    const lines = [`# ${declared.doc}`, `${key}:`, ...inner];
    // A section header over nothing but comments would be a key without value.
    const off = declared.optional || !hasBuilt(declared);
    return off ? lines.map((line) => (/^ *# ?/u.test(line) ? line : comment(line))) : lines;
  });
}

function hasBuilt(section: Section): boolean {
  return Object.values(section.fields).some((entry) =>
    isSection(entry) ? hasBuilt(entry) : entry.status === 'built',
  );
}

function keyLines(key: string, option: Option<unknown>): string[] {
  if (option.type === 'ignored') return [`# ${key}: accepted and ignored; ${option.doc}`];
  const note = NOTES[option.status] ?? '';
  const lines = optionLines(key, option, option.default);
  return [
    `# ${option.doc}${note}`,
    ...details(option).map((detail) => `#   ${detail}`),
    ...(option.status === 'built' ? lines : lines.map(comment)),
  ];
}

/** Whether a key has an effect. */
const NOTES: Partial<Record<Option<unknown>['status'], string>> = {
  pending: ' (no effect yet)',
  legacy: ' (no effect)',
  platform: ' (no effect: this router does not talk to its agents)',
};

function details(option: Option<unknown>): string[] {
  if (option.type === 'choice') return [allowedWords(option)];
  return Object.entries(option.item ?? {}).map(([key, declared]) => `${key}: ${declared.doc}`);
}

function comment(line: string): string {
  return line.replace(/^ */u, (blanks) => `${blanks}#`);
}

if (import.meta.main) writeFileSync(resolve(import.meta.dirname, '../config.example.yml'), configExample());

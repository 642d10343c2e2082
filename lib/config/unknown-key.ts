import type { Fields } from './option.ts';
import type { ConfigProblem } from './problem.ts';
import { allOptions } from './schema.ts';
import { closest } from './suggest.ts';
import type { TreeEntry } from './tree.ts';

/** The problem of a key that the schema does not have at this place; its value, maybe a secret, is not shown. */
export function unknownKey(entry: TreeEntry, fields: Fields, prefix: string): ConfigProblem {
  const name = prefix + (entry.key ?? '?');
  const hint = entry.key === undefined ? undefined : intended(entry.key, fields, prefix);
  const question = hint === undefined ? undefined : `did you mean ${hint}?`;
  return {
    severity: 'warning',
    key: name,
    line: entry.line,
    found: entry.key === undefined ? 'a key that is no text' : 'an unknown key',
    allowed: prefix === '' ? 'the keys of config.example.yml' : Object.keys(fields).join(', '),
    message: `unknown key ${name} is ignored${question === undefined ? '' : `: ${question}`}`,
    ...(question === undefined ? {} : { reason: question }),
    unknownKey: true,
  };
}

function intended(key: string, fields: Fields, prefix: string): string | undefined {
  const sibling = closest(key, Object.keys(fields));
  if (sibling !== undefined) return prefix + sibling;
  // In the wrong section, or with its section's name in front: `max_conns`, `access_log_file`, `nats.hosts`.
  const flat = key.replaceAll(/[.-]/gu, '_');
  for (const { name } of allOptions()) {
    if (name.replaceAll('.', '_') === flat) return `${name}, written as nested keys`;
  }
  const elsewhere = [...allOptions()].filter(({ name }) => name.split('.').at(-1) === key);
  return elsewhere.length === 1 ? elsewhere[0]?.name : undefined;
}

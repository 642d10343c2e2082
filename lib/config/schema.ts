import type { Fields, Option, Section, ValuesOf } from './option.ts';
import { backends } from './schema/backends.ts';
import { front } from './schema/front.ts';
import { logs } from './schema/logs.ts';
import { ignoredKeys, life } from './schema/process.ts';
import { routeServices } from './schema/route-services.ts';
import { routes } from './schema/routes.ts';
import { status } from './schema/status.ts';

/**
 * Every key of the configuration file, once: name, type, default, a line of doc, whether it is built.
 * gorouter's keys keep gorouter's names and defaults (operations.md 3).
 */
export const schema = {
  ...front,
  ...backends,
  ...routes,
  ...routeServices,
  ...logs,
  ...status,
  ...life,
  ...ignoredKeys,
} as const satisfies Fields;

/**
 * The configuration as the router sees it: the file's names, defaults filled in, derived values in place
 * (derive.ts), frozen. Durations are ms and may be longer than a timer holds: pass them through `timerMs`.
 */
export type Config = ValuesOf<typeof schema>;

/** A key with its whole name: `nats.hosts`. Keys inside the items of a list are not among them. */
export interface NamedOption {
  readonly name: string;
  readonly option: Option<unknown>;
}

/** All keys in the order of the schema. */
export function* allOptions(fields: Fields = schema, prefix = ''): Generator<NamedOption> {
  for (const [key, entry] of Object.entries(fields)) {
    const name = prefix + key;
    if (isSection(entry)) yield* allOptions(entry.fields, `${name}.`);
    else yield { name, option: entry };
  }
}

export function isSection(entry: Option<unknown> | Section): entry is Section {
  return entry.kind === 'section';
}

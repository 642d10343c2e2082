import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

export interface BenchOptions {
  readonly quick: boolean;
  readonly help: boolean;
  readonly chosen: readonly Scenario[];
}

/** Throws, with a message for the user, when an argument means nothing. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  for (const name of positionals) {
    if (matching(name).length === 0) {
      throw new Error(
        `no scenario is called '${name}': there are ${scenarios.map((one) => one.name).join(', ')}`,
      );
    }
  }
  const chosen = positionals.length === 0 ? scenarios : [...new Set(positionals.flatMap(matching))];
  return { quick: values.quick, help: values.help, chosen };
}

/** `restart` stands for both of its stores, and the end of a name for the whole, `small-get` for one. */
function matching(name: string): Scenario[] {
  return scenarios.filter(
    (one) => one.name === name || one.name.startsWith(`${name}-`) || one.name.endsWith(`-${name}`),
  );
}

export function usage(): string {
  const lines = scenarios.map(({ name, about }) => `  ${name.padEnd(32)}${about}`);
  return `Usage: node scripts/bench/main.ts [scenario...] [--quick]

Measures this checkout's router and prints a table. Exit status 1 only when a scenario could not be run.
--quick makes all smaller and shorter, to see that everything works; its figures mean little.

${lines.join('\n')}
`;
}

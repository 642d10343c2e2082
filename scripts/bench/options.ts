import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';
import { requestProfiles } from './scenarios/request-cost.ts';

export interface BenchOptions {
  readonly quick: boolean;
  readonly whole: boolean;
  readonly help: boolean;
  readonly chosen: readonly Scenario[];
}

/** Throws, with a message for the user, when an argument means nothing. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      whole: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [first] = positionals;
  const isProfile = first === 'profile';
  const offered = isProfile ? requestProfiles : scenarios;
  const names = isProfile ? positionals.slice(1) : positionals;
  if (isProfile && names.length === 0) throw new Error(`profile what? There are ${listed(offered)}`);
  for (const name of names) {
    if (matching(name, offered).length === 0) {
      throw new Error(`no scenario is called '${name}': there are ${listed(offered)}`);
    }
  }
  const chosen =
    names.length === 0 ? offered : [...new Set(names.flatMap((name) => matching(name, offered)))];
  return { ...values, chosen };
}

function listed(offered: readonly Scenario[]): string {
  return offered.map((one) => one.name).join(', ');
}

/** `restart` stands for both of its stores, and the end of a name for the whole, `small-get` for one. */
function matching(name: string, offered: readonly Scenario[]): Scenario[] {
  return offered.filter(
    (one) => one.name === name || one.name.startsWith(`${name}-`) || one.name.endsWith(`-${name}`),
  );
}

export function usage(): string {
  const lines = scenarios.map(({ name, about }) => `  ${name.padEnd(32)}${about}`);
  return `Usage: node scripts/bench/main.ts [scenario...] [--quick] [--whole]
       node scripts/bench/main.ts profile row... [--quick]

Measures this checkout's router and prints a table. Exit status 1 only when a scenario could not be run.
--quick makes all smaller and shorter, to see that everything works; its figures mean little.
--whole lets 1 GB pass to a single slow reader, which takes 17 minutes, where 8 share it otherwise.
profile loads a router whose worker keeps a CPU profile, and prints where the time of a row of request-cost goes.
The end of a name is enough, and a beginning stands for all that have it.

${lines.join('\n')}
`;
}

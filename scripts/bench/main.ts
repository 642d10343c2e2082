import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineFacts } from './machine.ts';
import { type BenchOptions, benchOptions, usage } from './options.ts';
import { Processes } from './processes.ts';
import { installLine, missingOf } from './programs.ts';
import { type Outcome, reportCounts, reportTable } from './report.ts';
import type { Scenario } from './scenario.ts';
import { within } from './within.ts';

const SCENARIO_WITHIN_MS = 10 * 60_000;

// Figures go to stdout, so that they can be kept; progress goes to stderr.
const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const processes = new Processes();
const root = mkdtempSync(join(tmpdir(), 'turnout-bench-'));
process.on('exit', () => {
  processes.killAll();
  rmSync(root, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
}

async function runOne(scenario: Scenario, { quick, whole }: BenchOptions): Promise<Outcome> {
  const { name, about, needs } = scenario;
  const missing = missingOf(needs);
  if (missing.length > 0) return { name, about, figures: [], skipped: installLine(missing), seconds: 0 };
  say(`${name}: ${about}`);
  const dir = join(root, name);
  mkdirSync(dir);
  const beganMs = performance.now();
  const secondsSoFar = (): number => (performance.now() - beganMs) / 1_000;
  try {
    const run = scenario.run({ processes, dir, quick, whole, say: (line) => say(`  ${line}`) });
    const figures = await within(scenario.withinMs ?? SCENARIO_WITHIN_MS, run, name);
    return { name, about, figures, seconds: secondsSoFar() };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    say(`  could not be run: ${failure}`);
    return { name, about, figures: [], failure, seconds: secondsSoFar() };
  } finally {
    await processes.stopAll();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  let options: BenchOptions;
  try {
    options = benchOptions(process.argv.slice(2));
  } catch (error) {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage());
    return 0;
  }
  if (process.platform !== 'linux') {
    say('bench: only Linux has the /proc that CPU time is read from');
    return 1;
  }
  const outcomes: Outcome[] = [];
  for (const scenario of options.chosen) outcomes.push(await runOne(scenario, options));
  const facts = machineFacts();
  if (options.quick) facts.push('quick run: smaller sizes and short times, so the figures mean little');
  process.stdout.write(
    `${facts.map((fact) => `- ${fact}`).join('\n')}\n\n${reportTable(outcomes)}\n\n${reportCounts(outcomes)}\n`,
  );
  const seconds = Math.round(outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0));
  say(`took ${seconds} s`);
  return outcomes.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

process.exit(await main());

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { effectiveYaml } from './config/effective.ts';
import { loadConfig } from './config/load.ts';
import { type ConfigProblem, describeProblem, type Severity } from './config/problem.ts';
import type { Flags } from './config/settle.ts';

const MOST_WORKERS = 1024;

const EXAMPLES = `
Examples:
  turnout -c config.yml                         run the router
  turnout start -c config.yml --worker-count 4  the same with four workers, whatever the file says
  turnout check -c config.yml                   list everything that is wrong with the file
  turnout check -c config.yml --print-effective show the configuration with its defaults, secrets masked

Exit status: 0 after a stop or drain, and when check finds nothing wrong; 1 when the configuration is wrong or the
router cannot run; 2 when the command line is wrong. config.example.yml lists every key.`;

interface StartOptions extends Flags {
  readonly config?: string;
}

interface CheckOptions extends StartOptions {
  readonly printEffective?: true;
}

/** The commands and their flags. Each action leaves its exit status with `settle`. */
export function buildProgram(settle: (exitStatus: number) => void): Command {
  const program = new Command('turnout')
    .exitOverride()
    .showHelpAfterError()
    // So that `-c` may stand before or behind the name of a command.
    .enablePositionalOptions()
    .description('HTTP router for endpoints that register over NATS')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .addHelpText('after', EXAMPLES);
  withFlags(program).action(async (_options, command: Command) => settle(await start(optionsOf(command))));
  withFlags(program.command('start'))
    .description('run the router; also what happens without a command')
    .action(async (_options, command: Command) => settle(await start(optionsOf(command))));
  withFlags(program.command('check'))
    .description('validate a configuration: every problem, with its line, what was found and what is allowed')
    .option('--print-effective', 'print the configuration that would be used, secrets masked, as YAML')
    .action((_options, command: Command) => settle(check(optionsOf(command))));
  return program;
}

/** Runs a command line (without node and script); resolves with the exit status, 0 once the router runs. */
export async function main(args: readonly string[]): Promise<number> {
  let exitStatus = 0;
  const program = buildProgram((status) => {
    exitStatus = status;
  });
  try {
    await program.parseAsync(goStyle(args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version have 0; all else is the caller's mistake, for which gorouter exits 2.
    return error.exitCode === 0 ? 0 : 2;
  }
  return exitStatus;
}

function withFlags(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file, YAML (default: built-in defaults)')
    .option('--port <port>', 'HTTP port, instead of the one in the file; 0 = any free port', portNumber)
    .option('--worker-count <count>', 'number of workers, instead of the one in the file', workerCount);
}

/** A flag may stand before the command's name, too; behind it wins. */
function optionsOf(command: Command): CheckOptions {
  return { ...command.parent?.opts<CheckOptions>(), ...command.opts<CheckOptions>() };
}

async function start(options: StartOptions): Promise<number> {
  const { config, problems, errorPage } = loadConfig(options.config, options);
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  if (problems.some(({ severity }) => severity === 'error')) {
    for (const { severity, message } of problems) {
      if (severity === 'error') print(logLine(3, 'Error loading config:', message));
      if (severity === 'warning') print(logLine(2, 'Warning loading config:', message));
    }
    return 1;
  }
  // Only now: `check` and `--help` need none of what a router needs.
  const { startPrimary } = await import('./primary/primary.ts');
  try {
    await startPrimary(config, {
      warnings,
      errorPage,
      reload: () => loadConfig(options.config, options),
    });
    // A collection whenever the heap has grown by a fifth: what registrations leave behind would otherwise stay,
    // 1 KB for each route. Not before, as a table that is being restored leaves nothing.
    setFlagsFromString('--heap-growing-percent=20');
  } catch (error) {
    print(logLine(3, 'gorouter.exited-with-failure', error instanceof Error ? error.message : String(error)));
    // What was opened before it failed may still keep the process alive.
    process.exit(1);
  }
  return 0;
}

function check(options: CheckOptions): number {
  const { config, problems } = loadConfig(options.config, options);
  const usable = !problems.some(({ severity }) => severity === 'error');
  const file = options.config ?? 'built-in defaults';
  // Beside a configuration on stdout, what is wrong with it goes where it cannot be mistaken for a part of it.
  const say = options.printEffective ? (line: string) => process.stderr.write(`${line}\n`) : print;
  const found = problems.map((problem): ConfigProblem => {
    return problem.unknownKey ? { ...problem, severity: 'error' } : problem;
  });
  for (const problem of found) say(describeProblem(problem, file));
  const ofKind = (kind: Severity): number => found.filter(({ severity }) => severity === kind).length;
  const errors = ofKind('error');
  const counts = [
    count(errors, 'error'),
    count(ofKind('warning'), 'warning'),
    count(ofKind('note'), 'note'),
  ].filter((text) => text !== '');
  if (errors > 0) say(`${file}: ${counts.join(', ')}`);
  else if (!options.printEffective) say(`${file}: ok${counts.length > 0 ? `, ${counts.join(', ')}` : ''}`);
  if (options.printEffective && usable) process.stdout.write(effectiveYaml(config));
  return errors > 0 ? 1 : 0;
}

function count(number: number, noun: string): string {
  if (number === 0) return '';
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** gorouter's shape for what it says before it has a log: epoch time stamp, no source (operations.md 2). */
function logLine(level: 2 | 3, message: string, error: string): string {
  return JSON.stringify({ log_level: level, timestamp: Date.now() / 1000, message, data: { error } });
}

function workerCount(text: string): number {
  const number = /^\d+$/u.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MOST_WORKERS) return number;
  throw new InvalidArgumentError(`Allowed is a whole number from 1 to ${MOST_WORKERS}.`);
}

function portNumber(text: string): number {
  const number = /^\d+$/u.test(text) ? Number(text) : -1;
  if (number >= 0 && number <= 65_535) return number;
  throw new InvalidArgumentError('Allowed is a whole number from 0 to 65535.');
}

/** gorouter's flags are Go's: `-c=FILE`, `--c FILE` and `--c=FILE` are `-c FILE`. */
function goStyle(args: readonly string[]): string[] {
  return args.flatMap((arg) => {
    const [, file] = /^--?c=(.*)$/su.exec(arg) ?? [];
    if (file !== undefined) return ['-c', file];
    return arg === '--c' ? ['-c'] : [arg];
  });
}

/** From the nearest package.json: above lib/ in a checkout, above dist/lib/ when installed. */
function packageVersion(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const version = (manifest as { readonly version?: unknown }).version;
  return typeof version === 'string' ? version : 'unknown';
}

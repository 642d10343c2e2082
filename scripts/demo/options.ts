import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_PORTS } from './router-config.ts';

export interface DemoOptions {
  readonly runDir: string;
  readonly workers: number;
  readonly freePorts: boolean;
}

const USAGE = `A router with an embedded bus and store, and three backends to try it with.

  --run-dir DIR   where configuration, logs and snapshot go (default: .run)
  --workers N     worker processes (default: one per core, 2 to 4)
  --free-ports    any free ports for the router, not ${Object.values(DEFAULT_PORTS).join(', ')}
`;

/** The options given, or the text to print in place of a run. Throws what is wrong with them. */
export function readOptions(args: readonly string[]): DemoOptions | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'run-dir': { type: 'string', default: '.run' },
      workers: { type: 'string', default: String(Math.min(4, Math.max(2, availableParallelism()))) },
      'free-ports': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return USAGE;
  const workers = Number(values.workers);
  if (!Number.isInteger(workers) || workers < 1) {
    throw new Error(`--workers ${values.workers}: a whole number above 0 is needed`);
  }
  return {
    runDir: relative('', resolve(values['run-dir'])) || '.',
    workers,
    freePorts: values['free-ports'],
  };
}

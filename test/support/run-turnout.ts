import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

export interface Finished {
  readonly exitStatus: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const SCRIPT = resolve(import.meta.dirname, '../../scripts/turnout');

interface RunOptions {
  readonly script?: string;
  readonly cwd?: string;
  readonly path?: string;
}

/** Runs scripts/turnout to its end. For commands that end by themselves. */
export function runTurnout(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const env = { ...process.env, ...(options.path === undefined ? {} : { PATH: options.path }) };
  return new Promise((done) => {
    const settings = { env, cwd: options.cwd, timeout: 45_000, maxBuffer: 64 * 1024 * 1024 };
    execFile(options.script ?? SCRIPT, args, settings, (error, stdout, stderr) => {
      // `code` is a text when the process could not be started, and null when a signal ended it.
      const exitStatus = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      done({ exitStatus, stdout, stderr });
    });
  });
}

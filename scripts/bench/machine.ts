import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { SEARCH_PATH } from './programs.ts';

const VERSIONED = [
  ['nginx', '-v'],
  ['HAProxy', '-v'],
  ['wrk', '-v'],
  ['h2load', '--version'],
  ['nats-server', '-v'],
  ['redis-server', '--version'],
] as const;

/** What the figures were made on and with, one fact per line. */
export function machineFacts(): string[] {
  const [cpu] = cpus();
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  const isChanged = said('git', ['status', '--porcelain', '--', 'lib', 'workers']) !== '';
  const programs = VERSIONED.map(([name, flag]) => {
    const version = /\d+\.\d+[^\s-]*/u.exec(said(name.toLowerCase(), [flag]))?.[0];
    return version === undefined ? `no ${name}` : `${name} ${version}`;
  });
  return [
    `machine: ${cpus().length} cores, ${cpu?.model ?? 'unknown'}, ${memoryGb} GB, Linux ${release()}`,
    `commit: ${said('git', ['rev-parse', '--short', 'HEAD'])}${isChanged ? ', with changes that are not committed' : ''}`,
    `programs: Node ${process.versions.node}, ${programs.join(', ')}`,
  ];
}

/** The first line that a command says, whatever its status: wrk tells its version and fails. Empty when there is none. */
function said(command: string, args: readonly string[]): string {
  const env = { ...process.env, PATH: SEARCH_PATH };
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
  // nginx tells its version on stderr.
  return (stdout || stderr || '').split('\n')[0] ?? '';
}

import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { SEARCH_PATH } from './programs.ts';

const VERSIONED = [
  ['nginx', '-v'],
  ['HAProxy', '-v'],
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

/** The first line that a command says; empty when it cannot be run. */
function said(command: string, args: readonly string[]): string {
  try {
    const env = { ...process.env, PATH: SEARCH_PATH };
    // nginx tells its version on stderr.
    const all = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', command, ...args], { encoding: 'utf8', env });
    return all.split('\n')[0] ?? '';
  } catch {
    return '';
  }
}

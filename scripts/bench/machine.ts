import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { SEARCH_PATH } from './programs.ts';

/** What the figures were made on and with, one fact per line. */
export function machineFacts(): string[] {
  const [cpu] = cpus();
  return [
    `machine: ${cpus().length} cores, ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`,
    `commit: ${said('git', ['rev-parse', '--short', 'HEAD'])}${said('git', ['status', '--porcelain', '--', 'lib', 'workers']) === '' ? '' : ', with changes that are not committed'}`,
    `programs: Node ${process.versions.node}, ${said('nginx', ['-v']) || 'no nginx'}, ${said('haproxy', ['-v']) || 'no HAProxy'}, ${said('nats-server', ['-v']) || 'no nats-server'}, ${said('redis-server', ['--version']).split(' sha=')[0] || 'no redis-server'}`,
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

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Program } from './scenario.ts';

const PACKAGES: Readonly<Record<Program, string>> = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  nginx: 'nginx',
  haproxy: 'haproxy',
  wrk: 'wrk',
  h2load: 'nghttp2-client',
  openssl: 'openssl',
  taskset: 'util-linux',
  chrt: 'util-linux',
};

/** Debian keeps servers in sbin, which an ordinary user's PATH leaves out. */
export const SEARCH_PATH = [process.env.PATH ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter);

export function isInstalled(program: Program): boolean {
  return SEARCH_PATH.split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false; // not there, or not for us
    }
  });
}

export function missingOf(programs: readonly Program[]): Program[] {
  return programs.filter((program) => !isInstalled(program));
}

/** What to do about it, in one line. */
export function installLine(missing: readonly Program[]): string {
  return `install ${missing.join(', ')} (Debian: apt-get install ${missing.map((name) => PACKAGES[name]).join(' ')})`;
}

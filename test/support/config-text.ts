import { parseConfig } from '../../lib/config/load.ts';
import type { ConfigProblem } from '../../lib/config/problem.ts';
import type { Flags, LoadedConfig } from '../../lib/config/settle.ts';

/** A host that does not depend on the one that runs the tests. */
const HOST = { cores: 6, name: 'host-a', workingDirectory: '/var/run' };

export function load(text: string, flags: Flags = {}): LoadedConfig {
  return parseConfig(text, flags, HOST);
}

export function problemsOf(text: string): readonly ConfigProblem[] {
  return load(text).problems;
}

/** `key@line` of each error. */
export function errorKeys(text: string): string[] {
  return problemsOf(text)
    .filter(({ severity }) => severity === 'error')
    .map(({ key, line }) => `${key}@${line ?? '-'}`);
}

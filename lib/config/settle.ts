import { derive, type Host } from './derive.ts';
import { loadErrorPage } from './error-page.ts';
import { deepFreeze } from './freeze.ts';
import { interpret } from './interpret.ts';
import type { ConfigProblem, Severity } from './problem.ts';
import { frontRules } from './rules/front-rules.ts';
import { ineffective } from './rules/ineffective.ts';
import { logRules } from './rules/log-rules.ts';
import { peerRules } from './rules/peer-rules.ts';
import { idleRewrites, rewriteRules } from './rules/rewrite-rules.ts';
import { routeRules } from './rules/route-rules.ts';
import type { Rules, Violation } from './rules/rule.ts';
import { statusRules } from './rules/status-rules.ts';
import { tracingRules } from './rules/tracing-rules.ts';
import type { Config } from './schema.ts';
import type { TreeMap } from './tree.ts';

/** What the command line says about keys of the file: it wins. */
export interface Flags {
  readonly port?: number;
  readonly workerCount?: number;
}

export interface LoadedConfig {
  /** Frozen. Usable only when no problem is an error: a bad value is replaced by its default. */
  readonly config: Config;
  /** All of them, in the order of the file. */
  readonly problems: readonly ConfigProblem[];
  /** The text of `html_error_template_file`; empty = none. */
  readonly errorPage: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const RULES: readonly Rules[] = [
  frontRules,
  statusRules,
  peerRules,
  routeRules,
  logRules,
  rewriteRules,
  tracingRules,
];

/** From a document to the configuration that it stands for: schema, flags, derived values, rules between keys. */
export function settle(
  root: TreeMap | undefined,
  syntax: readonly ConfigProblem[],
  flags: Flags,
  host: Host,
  pageOf: typeof loadErrorPage = loadErrorPage,
): LoadedConfig {
  const { values, lines, problems: found } = interpret(root);
  const problems = [...syntax, ...found];
  const read = values as Mutable<Config>;
  if (flags.port !== undefined) read.port = flags.port;
  if (flags.workerCount !== undefined) read.workers = { ...read.workers, count: flags.workerCount };

  const report = (severity: Severity, violations: Iterable<Violation>): void => {
    for (const { because = '', ...violation } of violations) {
      const line = lineOf(violation.key, lines) ?? lineOf(because, lines);
      problems.push({ ...violation, severity, line, reason: violation.message });
    }
  };
  report('warning', ineffective(read));
  report('warning', idleRewrites(read));
  const config = derive(read, (key) => lines.has(key), host);
  // A value that was replaced by its default may break rules that the operator's own would have kept.
  const replaced = new Set(problems.filter(({ severity }) => severity === 'error').map(({ key }) => key));
  if (!replaced.has('')) {
    for (const rule of RULES) {
      report(
        'error',
        [...rule(config)].filter(({ key }) => !replaced.has(key)),
      );
    }
  }
  const page =
    config.html_error_template_file === ''
      ? undefined
      : pageOf(config.html_error_template_file, lineOf('html_error_template_file', lines));
  if (page !== undefined && 'problem' in page) problems.push(page.problem);
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  return {
    config: deepFreeze(config),
    problems,
    errorPage: page !== undefined && 'text' in page ? page.text : '',
  };
}

/** The line of a key, or of the nearest thing around it that the file has. */
function lineOf(key: string, lines: ReadonlyMap<string, number>): number | undefined {
  for (let name = key; name !== ''; name = name.replace(/(?:^|\.)[^.[]*$|\[\d+\]$/u, '')) {
    const line = lines.get(name);
    if (line !== undefined) return line;
  }
  return undefined;
}

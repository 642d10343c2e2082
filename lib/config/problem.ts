/** `note`: a key that is as it should be, and does nothing. Only `check` tells. */
export type Severity = 'error' | 'warning' | 'note';

/** One thing to be told about a configuration, mostly that it is wrong. Secrets are never quoted in it. */
export interface ConfigProblem {
  readonly severity: Severity;
  /** Whole name, `nats.hosts[1].port`; empty when it is about the file as a whole. */
  readonly key: string;
  /** 1-based; undefined when the key is not in the file. */
  readonly line: number | undefined;
  readonly found: string;
  readonly allowed: string;
  /** One sentence for the log; gorouter's text where gorouter has one. */
  readonly message: string;
  /** What `found` and `allowed` cannot say, such as the other key that one contradicts. */
  readonly reason?: string;
  /** A key that is not in the schema: fatal for `check`, a warning at start. */
  readonly unknownKey?: true;
}

/** `config.yml:9: error: endpoint_timeout: found the number 5; allowed: a duration such as 15s or 1m30s`. */
export function describeProblem(problem: ConfigProblem, file: string): string {
  const { severity, key, line, found, allowed, reason } = problem;
  const place = line === undefined ? file : `${file}:${line}`;
  const subject = [place, severity, ...(key === '' ? [] : [key])].join(': ');
  return `${subject}: found ${found}; allowed: ${allowed}${reason === undefined ? '' : ` (${reason})`}`;
}

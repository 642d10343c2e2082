import type { Config } from '../schema.ts';

/** Values that are good one by one and not together. */
export interface Violation {
  readonly key: string;
  readonly found: string;
  readonly allowed: string;
  /** gorouter's text where gorouter checks the same. */
  readonly message: string;
  /** The key that makes this one obligatory: its line is shown when this one has none. */
  readonly because?: string;
}

/** Yields all that is wrong: an operator with three mistakes should not need three starts. */
export type Rules = (config: Config) => Iterable<Violation>;

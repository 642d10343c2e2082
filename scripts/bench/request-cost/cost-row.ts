import type { Program } from '../scenario.ts';
import type { Contender } from './contender.ts';
import type { Field, TurnoutOptions } from './field.ts';
import type { Load } from './load.ts';

/** One line-up under one load: everybody in turns, on the same core. */
export interface CostRow {
  readonly name: string;
  readonly about: string;
  /** Beyond what each row needs. */
  readonly needs?: readonly Program[];
  readonly load: Load;
  /** The router as `entrants` has it, for a profile. */
  readonly profiled: TurnoutOptions;
  /** The first is the router. */
  readonly entrants: readonly Entrant[];
  readonly targets: readonly Target[];
}

export interface Entrant {
  readonly name: string;
  /** Without this program the entrant alone is left out. */
  readonly needs?: Program;
  /** Where it differs from the row's. */
  readonly load?: Load;
  start(field: Field): Promise<Contender>;
}

/** The row's first entrant costs at most so many times what another one costs. */
export interface CostTarget {
  readonly kind: 'cost';
  readonly against: string;
  readonly times: number;
}

/** The router's first process, the primary, has less than this share in its CPU time. */
export interface PrimaryTarget {
  readonly kind: 'primary';
  readonly share: number;
}

export type Target = CostTarget | PrimaryTarget;

import type { Contender } from './contender.ts';
import type { Load } from './load.ts';

/** One load, and those who have to bear it. The first contender is the router. */
export interface CostCase {
  readonly name: string;
  readonly load: Load;
  readonly contenders: readonly Contender[];
  /** The most that the router may cost, in multiples of nginx; undefined = nothing is promised. */
  readonly timesNginx?: number;
}

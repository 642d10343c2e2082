import type { Endpoint } from './endpoint.ts';
import type { PoolSettings } from './pool.ts';

/**
 * One step in the life of the route table. Each states a result rather than a difference, so a change
 * applied twice, or onto a table that already has it, does no harm.
 */
export type Change =
  /** The pool exists, with these settings; its endpoints stay as they are. */
  | { readonly op: 'pool'; readonly key: string; readonly settings: PoolSettings }
  /** The endpoint is in the pool, replacing the one with its address in place, or appended. */
  | { readonly op: 'put'; readonly key: string; readonly endpoint: Endpoint }
  /** No endpoint with that address is in the pool. The pool stays, perhaps empty. */
  | { readonly op: 'remove'; readonly key: string; readonly address: string }
  /** The pool is gone. */
  | { readonly op: 'drop'; readonly key: string }
  /** The endpoint failed: passed over until then, where the algorithm honours marks. `untilMs` = Unix ms. */
  | { readonly op: 'mark'; readonly key: string; readonly address: string; readonly untilMs: number };

import type { Endpoint } from '../routes/endpoint.ts';
import type { Algorithm, Pool } from '../routes/pool.ts';
import { hashBased } from './hash-based.ts';
import { leastConnection } from './least-connection.ts';
import type { PickContext, Picker } from './picker.ts';
import { roundRobin } from './round-robin.ts';
import { pickWithNewcomers } from './slow-start.ts';
import { isOverloaded } from './standing.ts';
import { pickSticky } from './sticky-pick.ts';

/** What one choice is made from, the client's own wish included. */
export interface ChoiceContext extends PickContext {
  /** From stickyId: honoured on the first attempt, when that instance can be used. */
  readonly stickyId: string | undefined;
  /** From negotiateId: this instance on every attempt, or none. */
  readonly mandatoryId?: string | undefined;
}

const PICKERS: Readonly<Record<Algorithm, Picker>> = {
  'round-robin': roundRobin,
  'least-connection': leastConnection,
  hash: hashBased,
};

/** The policy of an algorithm. */
export function pickerFor(algorithm: Algorithm): Picker {
  return PICKERS[algorithm];
}

/** The endpoint for the next attempt of a request; undefined when none may be used. */
export function chooseEndpoint(pool: Pool, context: ChoiceContext): Endpoint | undefined {
  const { stickyId, mandatoryId } = context;
  if (mandatoryId !== undefined) return pickSticky(pool, mandatoryId, context);
  if (stickyId !== undefined && context.attempt === 1) {
    const bound = pickSticky(pool, stickyId, context);
    if (bound !== undefined) return bound;
  }
  const { algorithm } = pool.settings;
  if (pool.endpoints.length === 1 && algorithm !== 'hash') return theOnly(pool, context);
  const picker = pickerFor(algorithm);
  const { states, nowMs } = context;
  if (nowMs < states.newcomersUntilMs) {
    const newcomers = states.newcomers(pool, nowMs);
    if (newcomers !== undefined)
      return pickWithNewcomers(pool, context, inEffect(picker, context), newcomers);
  }
  return picker.pick(pool, context);
}

/** Where there is no choice, what the algorithms remember of a pool is not touched. */
function theOnly(pool: Pool, context: ChoiceContext): Endpoint | undefined {
  const only = pool.endpoints[0]!;
  if (isOverloaded(only, context)) return undefined;
  // All endpoints are marked: the marks are ignored, and forgotten.
  if (context.states.marked(pool, only, context.nowMs)) context.states.clearMarks(pool);
  return only;
}

/** A request that has nothing to hash is balanced by the router's own algorithm. */
function inEffect(picker: Picker, { hash }: ChoiceContext): Picker {
  return picker === hashBased && hash !== undefined && hash.hash === undefined ? hash.fallback : picker;
}

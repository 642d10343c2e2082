import { setTimeout as pause } from 'node:timers/promises';

/** Resolves after `ms`, or at once when aborted. */
export function abortablePause(ms: number, signal: AbortSignal): Promise<void> {
  return pause(ms, undefined, { signal }).catch(() => {}); // aborted: the pause is over
}

import type { Window } from './messages.ts';

/** The generator did not look at its sockets for longer: something else had its core, or a hypervisor both. */
export const HELD_UP_MS = 1.5;
/** Others had the proxy's core for longer, while it had something to do. */
export const TAKEN_MS = 1;

export interface QuietWaits {
  readonly waitsUs: readonly number[];
  readonly windows: number;
  readonly thrownAway: number;
}

/**
 * The waits of one load in which the machine left generator and proxy alone. A window in which it did not is thrown
 * away, and so is the next, in which the queue that had built up is worked off. What the proxy did decides nothing: a
 * pause of its own counts.
 */
export function quietWaits(windows: readonly Window[]): QuietWaits {
  const quiet = windows.filter((window, i) => !isDisturbed(window) && !isDisturbed(windows[i - 1]));
  return {
    waitsUs: quiet.flatMap(({ waitsUs }) => waitsUs),
    windows: windows.length,
    thrownAway: windows.length - quiet.length,
  };
}

function isDisturbed(window: Window | undefined): boolean {
  return window !== undefined && (window.heldUpMs > HELD_UP_MS || window.takenMs > TAKEN_MS);
}

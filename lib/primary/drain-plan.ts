export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGUSR1';

/** What a signal makes of the router's life. */
export type StopStep =
  /** Unhealthy at once, serving on for `waitMs`; then no new connections, `timeoutMs` for what runs; exit 0. */
  | { readonly step: 'drain'; readonly waitMs: number; readonly timeoutMs: number }
  /** Whatever runs is cut; exit 0. */
  | { readonly step: 'cut' }
  | { readonly step: 'ignore' };

export interface DrainTimes {
  readonly waitMs: number;
  readonly timeoutMs: number;
}

/**
 * SIGUSR1 drains as gorouter does: first only unhealthy, so that load balancers turn away, then without new
 * connections (operations.md 7). SIGTERM and SIGINT leave the waiting out, and finish what runs where gorouter cuts
 * it. A second SIGTERM or SIGINT cuts; a second SIGUSR1 changes nothing.
 */
export function stopStep(signal: StopSignal, alreadyStopping: boolean, times: DrainTimes): StopStep {
  if (alreadyStopping) return signal === 'SIGUSR1' ? { step: 'ignore' } : { step: 'cut' };
  const waitMs = signal === 'SIGUSR1' ? times.waitMs : 0;
  return { step: 'drain', waitMs, timeoutMs: times.timeoutMs };
}

import { setTimeout as pause } from 'node:timers/promises';

/** Resolves when `predicate` is true; rejects, naming `what`, after `withinMs`, or when `signal` aborts. */
export async function poll(
  predicate: () => Promise<boolean>,
  what: string,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await predicate())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} s`);
    await pause(25, undefined, { signal });
  }
}

/** Rejects when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const now = (): void => reject(signal.reason as Error);
    if (signal.aborted) now();
    else signal.addEventListener('abort', now, { once: true });
  });
}

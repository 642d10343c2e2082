import { setTimeout as pause } from 'node:timers/promises';

/**
 * Resolves with the first truthy result of `predicate`; rejects, naming `what`, when none came within `withinMs`: long
 * enough for a machine that is busy with other things, shorter than mocha's own limit, which names nothing.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  what = 'the condition',
  withinMs = 30_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const result = await predicate();
    if (result) return result as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`${what} did not come true within ${withinMs} ms`);
    await pause(10);
  }
}

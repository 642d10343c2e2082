import { setTimeout as pause } from 'node:timers/promises';

/** Resolves with the first truthy result of `predicate`; rejects, naming `what`, when none came within `withinMs`. */
export async function until<T>(
  predicate: () => T | Promise<T>,
  what = 'the condition',
  withinMs = 10_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const result = await predicate();
    if (result) return result as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`${what} did not come true within ${withinMs} ms`);
    await pause(10);
  }
}

let origin = performance.timeOrigin;

/**
 * Unix ms with a fraction, of a reading of performance.now() that was made just now. `Date.now()` has whole ms only,
 * and `performance.now()` does not follow when the host's clock is set, so the finer clock is moved along whenever
 * the two part.
 */
export function unixMsAt(monotonicMs: number): number {
  const wall = Date.now();
  const fine = origin + monotonicMs;
  if (Math.abs(fine - wall) <= 2) return fine;
  origin += wall - fine;
  return wall;
}

/** Unix ms with a fraction down to less than a microsecond. */
export function preciseNowMs(): number {
  return unixMsAt(performance.now());
}

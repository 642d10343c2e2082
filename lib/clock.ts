/** The host's clock is looked at this often: a look at it is felt when each request has one. */
const LOOK_EVERY_MS = 50;
/** `Date.now()` has whole ms, and so much of a difference means nothing. */
const TOLERATED_MS = 2;

/**
 * Makes a function that turns a reading of performance.now(), made just now, into Unix ms with a fraction. The wall
 * clock has whole ms only, and the monotonic one does not follow when the host's clock is set, so the finer one is
 * moved along when the two part: no later than 50 ms after.
 */
export function unixClock(
  wallMs: () => number,
  originMs = performance.timeOrigin,
): (monotonicMs: number) => number {
  let origin = originMs;
  let lookAt = Number.NEGATIVE_INFINITY;
  return (monotonicMs) => {
    if (monotonicMs >= lookAt) {
      lookAt = monotonicMs + LOOK_EVERY_MS;
      const apart = wallMs() - (origin + monotonicMs);
      if (Math.abs(apart) > TOLERATED_MS) origin += apart;
    }
    return origin + monotonicMs;
  };
}

/** Unix ms with a fraction, of a reading of performance.now() that was made just now. */
export const unixMsAt: (monotonicMs: number) => number = unixClock(Date.now);

/** Unix ms with a fraction down to less than a microsecond. */
export function preciseNowMs(): number {
  return unixMsAt(performance.now());
}

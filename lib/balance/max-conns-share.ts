/**
 * One worker's share of `backends.max_conns`, which counts for the whole router. `index` is 0-based. Shares add
 * up to the limit; with more workers than connections each still gets one, or some endpoints could never be
 * reached through it. 0 = unlimited.
 */
export function maxConnsShare(maxConns: number, workers: number, index: number): number {
  if (maxConns <= 0) return 0;
  const share = Math.floor(maxConns / workers) + (index < maxConns % workers ? 1 : 0);
  return Math.max(share, 1);
}

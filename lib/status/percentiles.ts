import { LATENCY_BOUNDS_MS } from '../request/counters.ts';

/**
 * Latencies in ms below which the given shares (0..1) of all requests stayed, from the counts of the latency
 * histogram. Within a bucket the requests are taken as spread evenly, so a value is off by at most a quarter; those
 * beyond the last bound count as that bound. 0 when there were none.
 */
export function percentilesMs(latency: readonly number[], shares: readonly number[]): number[] {
  let total = 0;
  for (const count of latency) total += count;
  return shares.map((share) => (total === 0 ? 0 : valueAtRank(latency, share * total)));
}

function valueAtRank(latency: readonly number[], rank: number): number {
  let below = 0;
  for (let i = 0; i < LATENCY_BOUNDS_MS.length; i += 1) {
    const count = latency[i] ?? 0;
    if (count > 0 && below + count >= rank) {
      const from = LATENCY_BOUNDS_MS[i - 1] ?? 0;
      const to = LATENCY_BOUNDS_MS[i] ?? from;
      return from + ((to - from) * Math.max(0, rank - below)) / count;
    }
    below += count;
  }
  return LATENCY_BOUNDS_MS.at(-1) ?? 0;
}

/** Nanoseconds of each unit that Go writes in a duration. Both spellings of micro are Go's. */
const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Go keeps a duration in 64 bits; one step beyond is an error there. About 292 years. */
const MAX_NS = 2n ** 63n - 1n;

/** The longest delay of Node's timers, ms: a longer one fires after 1 ms instead. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A duration cut to what `setTimeout` keeps (24.8 days): durations in the configuration may be longer. */
export function timerMs(durationMs: number): number {
  return Math.min(Math.max(durationMs, 0), LONGEST_TIMER_MS);
}

/**
 * Milliseconds (with a fraction below that) of a duration in Go's syntax: `1h30m`, `1.5s`, `500ms`, `-1s`, `0`.
 * undefined when the text is none. operations.md 2.
 */
export function parseDuration(text: string): number | undefined {
  const [, sign, rest] = /^([-+]?)(.*)$/su.exec(text) ?? [];
  if (rest === undefined) return undefined;
  if (rest === '0') return 0;
  const part = /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/uy;
  let total = 0n;
  do {
    const [, whole = '', fraction = '', unit = ''] = part.exec(rest) ?? [];
    const size = UNIT_NS[unit];
    if (size === undefined || (whole === '' && fraction === '')) return undefined;
    total += BigInt(whole || '0') * size;
    // What is smaller than a nanosecond is cut off, as Go does it.
    if (fraction !== '') total += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
    if (total > MAX_NS) return undefined;
  } while (part.lastIndex < rest.length);
  const ms = Number(total) / 1e6;
  return sign === '-' && ms !== 0 ? -ms : ms;
}

/** A duration as Go prints it: `1m30s`, `1h0m0s`, `500ms`, `0s`. */
export function formatDuration(durationMs: number): string {
  const ns = BigInt(Math.round(Math.abs(durationMs) * 1e6));
  if (ns === 0n) return '0s';
  const sign = durationMs < 0 ? '-' : '';
  if (ns < 1_000n) return `${sign}${ns}ns`;
  if (ns < 1_000_000n) return `${sign}${decimal(ns, 1_000n)}\u00b5s`;
  if (ns < 1_000_000_000n) return `${sign}${decimal(ns, 1_000_000n)}ms`;
  const minute = 60_000_000_000n;
  const hours = ns / (60n * minute);
  const minutes = (ns / minute) % 60n;
  const seconds = `${decimal(ns % minute, 1_000_000_000n)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function decimal(value: bigint, unit: bigint): string {
  const digits = String(unit).length - 1;
  const fraction = String(value % unit)
    .padStart(digits, '0')
    .replace(/0+$/u, '');
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`;
}

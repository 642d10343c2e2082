import { sixDigits, threeDigits } from '../digits.ts';

let cachedSecond = Number.NaN;
let cachedText = '';

/**
 * `2026-11-22T16:32:18.002565853Z`: always nine digits of fraction, always UTC (operations.md 5 and 10). The second
 * is kept from call to call, since formatting a date costs more than the rest of an access log line.
 */
export function rfc3339Nano(unixMs: number): string {
  const second = Math.floor(unixMs / 1000);
  if (second !== cachedSecond) {
    cachedText = new Date(second * 1000).toISOString().slice(0, 20);
    cachedSecond = second;
  }
  // Floor, not round: 999,999,999.7 ns must not become a tenth digit.
  const nanos = Math.floor((unixMs - second * 1000) * 1e6);
  const micros = Math.floor(nanos / 1000);
  return `${cachedText + sixDigits(micros) + threeDigits(nanos - micros * 1000)}Z`;
}

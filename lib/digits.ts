/**
 * Decimal texts of numbers that hardly come twice. V8 keeps the texts of the last thousands of numbers that were made
 * texts in its own way; each stays long enough to be moved to the heap's old part, and has that collected for nothing.
 */

const THREE: readonly string[] = Array.from({ length: 1000 }, (_, n) => String(1000 + n).slice(1));

/** `n` in three digits; whole, 0 to 999. */
export function threeDigits(n: number): string {
  return THREE[n]!;
}

/** `n` in six digits; whole, 0 to 999,999. */
export function sixDigits(n: number): string {
  const thousands = Math.floor(n / 1000);
  return THREE[thousands]! + THREE[n - thousands * 1000]!;
}

let knownSecond = Number.NaN;
let knownText = '';

/** Unix ms as text, cut to whole ones. The second is kept from call to call. */
export function unixMsText(unixMs: number): string {
  const second = Math.floor(unixMs / 1000);
  if (second < 1) return String(Math.floor(unixMs));
  if (second !== knownSecond) {
    knownSecond = second;
    knownText = String(second);
  }
  return knownText + THREE[Math.floor(unixMs) - second * 1000]!;
}

/** A 64-bit hash as two unsigned 32-bit halves: a BigInt for every request would be felt. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

const WORD = 2 ** 32;

/** FNV-1a, 64 bit, over the bytes of a latin1 text (one byte for each code unit), as header values are. */
export function fnv1a(bytes: string): Hash64 {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let i = 0; i < bytes.length; i += 1) {
    const mixed = (low ^ (bytes.charCodeAt(i) & 0xff)) >>> 0;
    // Times the prime 2^40 + 0x1b3, modulo 2^64: the power of two moves the low half up by 8 bits more than a word.
    const product = mixed * 0x1b3;
    low = product >>> 0;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / WORD) + (mixed << 8)) >>> 0;
  }
  return { high, low };
}

/** The remainder of a division by `divisor`, which is below 2^20. */
export function remainder({ high, low }: Hash64, divisor: number): number {
  return ((high % divisor) * (WORD % divisor) + (low % divisor)) % divisor;
}

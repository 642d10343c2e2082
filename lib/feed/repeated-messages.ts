import { randomInt } from 'node:crypto';
import type { Registration } from '../routes/endpoint.ts';

interface Entry {
  readonly check: number;
  readonly registration: Registration;
}

/** Messages per generation; there are two. */
const GENERATION = 2 ** 17;

/**
 * Knows register messages that came before, byte for byte: nearly all are such heartbeats, and to recognise one costs a
 * sixth of parsing it. Messages are told apart by 85 bits of a hash that is seeded anew in each process, so that
 * nobody can write one that passes for another's. Bounded: what was not seen for a generation is forgotten, and
 * parsed again when it comes back.
 */
export class RepeatedMessages {
  readonly #generation: number;
  readonly #seedA = randomInt(2 ** 32);
  readonly #seedB = randomInt(2 ** 32);
  readonly #seedC = randomInt(2 ** 32);
  #young = new Map<number, Entry>();
  #old = new Map<number, Entry>();
  #key = 0;
  #check = 0;

  constructor(generation = GENERATION) {
    this.#generation = generation;
  }

  /** What the message said when it was parsed; undefined when it is new, and `remember` may follow. */
  recall(payload: Uint8Array): Registration | undefined {
    this.#hash(payload);
    const young = this.#young.get(this.#key);
    if (young !== undefined) return young.check === this.#check ? young.registration : undefined;
    const old = this.#old.get(this.#key);
    if (old === undefined || old.check !== this.#check) return undefined;
    this.#keep(old);
    return old.registration;
  }

  /** Keeps what the payload of the last `recall` was parsed into. */
  remember(registration: Registration): void {
    this.#keep({ check: this.#check, registration });
  }

  #keep(entry: Entry): void {
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(this.#key, entry);
  }

  #hash(payload: Uint8Array): void {
    let a = this.#seedA ^ payload.length;
    let b = this.#seedB;
    let c = this.#seedC;
    for (let i = 0; i < payload.length; i += 1) {
      const byte = payload[i]!;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x85ebca6b);
      c = Math.imul(c + byte, 0x9e3779b1) ^ (c >>> 15);
    }
    a ^= a >>> 15;
    b ^= b >>> 13;
    this.#key = (a >>> 0) + (b & 0x1fffff) * 2 ** 32;
    this.#check = c | 0;
  }
}

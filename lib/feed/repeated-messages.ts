import { randomInt } from 'node:crypto';
import type { Endpoint, Registration } from '../routes/endpoint.ts';

/** Messages per generation; there are two. */
const GENERATION = 2 ** 17;

/** A message about one route, which most are: there is one of these for each, so it does without a list. */
class OneRoute implements Registration {
  readonly endpoint: Endpoint;
  readonly #uri: string;

  constructor(uri: string, endpoint: Endpoint) {
    this.#uri = uri;
    this.endpoint = endpoint;
  }

  get uris(): readonly string[] {
    return [this.#uri];
  }
}

/**
 * Knows register messages that came before, byte for byte: nearly all are such heartbeats, and to recognise one costs a
 * sixth of parsing it. Messages are told apart by 53 bits of a hash that is seeded anew in each process: nobody can
 * write one that passes for another's, and chance needs 10^11 new messages for it. Bounded: what was not seen for a
 * generation is forgotten, and parsed again when it comes back.
 */
export class RepeatedMessages {
  readonly #generation: number;
  readonly #seedA = randomInt(2 ** 32);
  readonly #seedB = randomInt(2 ** 32);
  #young = new Map<number, Registration>();
  #old = new Map<number, Registration>();
  #key = 0;

  constructor(generation = GENERATION) {
    this.#generation = generation;
  }

  /** What the message said when it was parsed; undefined when it is new, and `remember` may follow. */
  recall(payload: Uint8Array): Registration | undefined {
    this.#hash(payload);
    const young = this.#young.get(this.#key);
    if (young !== undefined) return young;
    const old = this.#old.get(this.#key);
    if (old !== undefined) this.#keep(old);
    return old;
  }

  /** Keeps what the payload of the last `recall` was parsed into. */
  remember(registration: Registration): void {
    const { uris, endpoint } = registration;
    this.#keep(uris.length === 1 ? new OneRoute(uris[0]!, endpoint) : registration);
  }

  #keep(registration: Registration): void {
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(this.#key, registration);
  }

  #hash(payload: Uint8Array): void {
    let a = this.#seedA ^ payload.length;
    let b = this.#seedB;
    for (let i = 0; i < payload.length; i += 1) {
      const byte = payload[i]!;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x85ebca6b);
    }
    a ^= a >>> 15;
    b ^= b >>> 13;
    this.#key = (a >>> 0) + (b & 0x1fffff) * 2 ** 32;
  }
}

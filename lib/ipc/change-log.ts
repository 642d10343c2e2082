import type { Change } from '../routes/change.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import { encodeChange } from './codec.ts';

/** Consecutive changes, encoded once for all workers. */
export interface Batch {
  readonly first: number;
  readonly last: number;
  /** Of the table after `last`. */
  readonly checksum: number;
  /** JSON array of changes. */
  readonly text: string;
  readonly madeAtMs: number;
}

/** UTF-16 units per batch: node's IPC slows sharply with messages much larger than tens of KB. */
const BATCH_LIMIT = 32 * 1024;

/**
 * The changes of the recent past, in batches. Bounded: what falls off the far end can no longer be sent, and
 * whoever still needed it takes the whole table instead.
 */
export class ChangeLog {
  readonly #limit: number;
  readonly #now: () => number;
  #batches: Batch[] = [];
  #size = 0;
  #text = '';
  #first = 1;
  #last = 0;
  #checksum = 0;
  #previous: Endpoint | undefined;

  /** `limit`: UTF-16 units of encoded changes to keep. */
  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Sequence number of the newest change. */
  get head(): number {
    return this.#last;
  }

  /** Checksum of the table after the newest change. */
  get checksum(): number {
    return this.#checksum;
  }

  /** Adds one change; `checksum` is that of the table after it. */
  append(change: Change, checksum: number): void {
    const encoded = encodeChange(change, this.#previous);
    this.#previous = change.op === 'put' ? change.endpoint : undefined;
    this.#text += this.#text === '' ? `[${encoded}` : `,${encoded}`;
    this.#last += 1;
    this.#checksum = checksum;
    if (this.#text.length >= BATCH_LIMIT) this.seal();
  }

  /** Counts one change that nobody is there to read; `checksum` is that of the table after it. */
  skip(checksum: number): void {
    if (this.#batches.length > 0) this.#batches = [];
    this.#size = 0;
    this.#text = '';
    this.#last += 1;
    this.#first = this.#last + 1;
    this.#checksum = checksum;
    this.#previous = undefined;
  }

  /** Closes the open batch, so that it can be sent. */
  seal(): void {
    if (this.#text === '') return;
    const text = `${this.#text}]`;
    this.#batches.push({
      first: this.#first,
      last: this.#last,
      checksum: this.#checksum,
      text,
      madeAtMs: this.#now(),
    });
    this.#size += text.length;
    this.#text = '';
    this.#first = this.#last + 1;
    this.#previous = undefined;
    while (this.#size > this.#limit && this.#batches.length > 1)
      this.#size -= this.#batches.shift()!.text.length;
  }

  /** The sealed batch that begins with change `seq + 1`; undefined when it has fallen off. */
  after(seq: number): Batch | undefined {
    let from = 0;
    let to = this.#batches.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#batches[middle]!.first <= seq) from = middle + 1;
      else to = middle;
    }
    const batch = this.#batches[from];
    return batch?.first === seq + 1 ? batch : undefined;
  }

  /** Forgets what every reader has: `seq` is the lowest that any of them still stands at. */
  release(seq: number): void {
    while (this.#batches.length > 0 && this.#batches[0]!.last <= seq) {
      this.#size -= this.#batches.shift()!.text.length;
    }
  }
}

import type { Batch } from './change-log.ts';
import type { ToPrimary, ToWorker } from './messages.ts';

export interface ReaderOptions {
  readonly epoch: string;
  /** UTF-16 units that may be on the way without an ack. */
  readonly window: number;
  readonly send: (message: ToWorker) => void;
  /** Called once, when the first table is in use. */
  readonly onComplete: (() => void) | undefined;
}

/** Where one worker's copy stands. */
export interface ReplicaView {
  readonly complete: boolean;
  readonly ackedSeq: number;
  readonly lagChanges: number;
  readonly lagMs: number;
  /** Whole tables sent beyond the first. */
  readonly resyncs: number;
  readonly checksum: number;
}

interface Sent {
  readonly seq: number;
  readonly chunk: number;
  readonly size: number;
  readonly sentAtMs: number;
}

const ACKS_PER_WINDOW = 2;

/**
 * What was sent to one worker of the table and its changes, and what the worker has confirmed. Nothing waits here: it
 * is asked whether there is room before the next piece is sent.
 */
export class Reader {
  readonly #epoch: string;
  readonly #window: number;
  readonly #send: (message: ToWorker) => void;
  #onComplete: (() => void) | undefined;
  #tables = 0;
  #keys: readonly string[] | undefined;
  #at = 0;
  #chunk = 0;
  #ended = false;
  #cursor = 0;
  #acked = 0;
  #ackedChunk = 0;
  #checksum = 0;
  #complete = false;
  /** Messages on the way, oldest first. */
  #inFlight: Sent[] = [];
  #inFlightSize = 0;
  /** UTF-16 units of chunks sent since the last that wants an ack. */
  #unasked = 0;

  constructor(options: ReaderOptions) {
    this.#epoch = options.epoch;
    this.#window = options.window;
    this.#send = options.send;
    this.#onComplete = options.onComplete;
  }

  /** Whole tables begun. */
  get tables(): number {
    return this.#tables;
  }

  /** Keys of the table under way; undefined once all of them are sent. */
  get keys(): readonly string[] | undefined {
    return this.#keys;
  }

  /** How many of `keys` have been sent. */
  get at(): number {
    return this.#at;
  }

  /** Whether the table is sent, its end included. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Last change sent. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Whether more may be sent. */
  get hasRoom(): boolean {
    return this.#inFlightSize < this.#window;
  }

  /** Begins a whole table with these keys, as it stands after change `seq`. What was on the way before is forgotten. */
  startTable(keys: readonly string[], seq: number): void {
    this.#tables += 1;
    this.#keys = keys;
    this.#at = 0;
    this.#chunk = 0;
    this.#ended = false;
    this.#complete = false;
    this.#cursor = seq;
    this.#acked = seq;
    this.#ackedChunk = 0;
    this.#inFlight = [];
    this.#inFlightSize = 0;
    this.#unasked = 0;
    this.#send({ type: 'table-start', epoch: this.#epoch, table: this.#tables, seq });
  }

  /** Sends changes, the first of which follows `cursor`. */
  sendChanges({ first, last, checksum, text, madeAtMs }: Batch): void {
    this.#send({ type: 'delta', epoch: this.#epoch, first, last, checksum, changes: text });
    this.#cursor = last;
    this.#sent(text.length, madeAtMs);
  }

  /** Sends the pools of the keys from `at` up to `next`; empty when none of them is left. */
  sendChunk(pools: string, next: number, nowMs: number): void {
    this.#at = next;
    if (next === this.#keys?.length) this.#keys = undefined;
    if (pools === '') return;
    this.#chunk += 1;
    this.#unasked += pools.length;
    // An ack costs either end as much as reading some twenty pools: a few for each window will do.
    const quiet =
      this.#unasked < this.#window / ACKS_PER_WINDOW && this.#inFlightSize + pools.length < this.#window;
    if (!quiet) this.#unasked = 0;
    this.#send({
      type: 'table-chunk',
      epoch: this.#epoch,
      table: this.#tables,
      chunk: this.#chunk,
      pools,
      ...(quiet ? { quiet } : {}),
    });
    this.#sent(pools.length, nowMs);
  }

  /** `checksum` is that of the table after `cursor`. */
  sendEnd(checksum: number): void {
    this.#ended = true;
    this.#send({
      type: 'table-end',
      epoch: this.#epoch,
      table: this.#tables,
      chunks: this.#chunk,
      seq: this.#cursor,
      checksum,
    });
  }

  /** False when it is about another table than the one under way. */
  acknowledge(ack: Extract<ToPrimary, { type: 'ack' }>): boolean {
    if (ack.epoch !== this.#epoch || ack.table !== this.#tables) return false;
    this.#acked = Math.max(this.#acked, ack.seq);
    this.#ackedChunk = Math.max(this.#ackedChunk, ack.chunk);
    this.#checksum = ack.checksum;
    while (this.#inFlight.length > 0) {
      const sent = this.#inFlight[0]!;
      if (sent.seq > this.#acked || sent.chunk > this.#ackedChunk) break;
      this.#inFlightSize -= sent.size;
      this.#inFlight.shift();
    }
    if (ack.complete && this.#ended && !this.#complete) {
      this.#complete = true;
      this.#onComplete?.();
      this.#onComplete = undefined;
    }
    return true;
  }

  /** Says again how far it should be, if it owes an ack. */
  remind(): void {
    const owes = !this.#complete || this.#acked < this.#cursor || this.#inFlight.length > 0;
    if (!owes) return;
    this.#send({
      type: 'beat',
      epoch: this.#epoch,
      table: this.#tables,
      chunk: this.#chunk,
      ended: this.#ended,
      seq: this.#cursor,
    });
  }

  /** `head`: the newest change. */
  view(head: number, nowMs: number): ReplicaView {
    const lagChanges = head - this.#acked;
    const oldest = this.#inFlight[0];
    return {
      complete: this.#complete,
      ackedSeq: this.#acked,
      lagChanges,
      lagMs: lagChanges === 0 || oldest === undefined ? 0 : Math.max(0, nowMs - oldest.sentAtMs),
      resyncs: this.#tables - 1,
      checksum: this.#checksum,
    };
  }

  #sent(size: number, sentAtMs: number): void {
    this.#inFlight.push({ seq: this.#cursor, chunk: this.#chunk, size, sentAtMs });
    this.#inFlightSize += size;
  }
}

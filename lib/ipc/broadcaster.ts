import type { Logger } from '../log/logger.ts';
import type { Change } from '../routes/change.ts';
import { ChangeLog } from './change-log.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { TableChunks, type TableSource } from './table-chunks.ts';

export interface BroadcasterDeps {
  readonly epoch: string;
  readonly source: TableSource;
  readonly logger: Logger;
  /** Unix ms. */
  readonly now: () => number;
  /** Runs its argument once the present turn of the event loop is over. */
  readonly endOfTurn: (run: () => void) => void;
  /** UTF-16 units of changes kept for slow workers. */
  readonly logLimit?: number;
  /** UTF-16 units that may be on the way to one worker without an ack. */
  readonly window?: number;
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

interface Reader {
  readonly send: (message: ToWorker) => void;
  onComplete: (() => void) | undefined;
  /** Whole tables begun. */
  table: number;
  /** Keys of the table under way, and how many of them have been sent. */
  keys: readonly string[] | undefined;
  at: number;
  chunk: number;
  ended: boolean;
  /** Last change sent. */
  cursor: number;
  acked: number;
  ackedChunk: number;
  checksum: number;
  complete: boolean;
  /** Messages on the way, oldest first. */
  inFlight: {
    readonly seq: number;
    readonly chunk: number;
    readonly size: number;
    readonly sentAtMs: number;
  }[];
  inFlightSize: number;
  /** UTF-16 units of chunks sent since the last that wants an ack. */
  unasked: number;
}

const LOG_LIMIT = 16 * 1024 * 1024;
const WINDOW = 512 * 1024;
const ACKS_PER_WINDOW = 2;
/** Encoding a chunk costs about 0.2 ms; a turn of this many leaves the loop to others often enough. */
const CHUNKS_PER_TURN = 8;

/**
 * Sends the table and its changes to the workers. Nothing is queued for a worker: each reads the one log of
 * changes from where it stands, a window of unacknowledged text ahead at most; who falls off the end of the log
 * gets the whole table again.
 *
 * A table is sent pool by pool while changes go on, each pool as it stands at that moment, interleaved with the
 * deltas. That is sound because every change states a result: replaying an older one and all after it, in
 * order, onto a newer pool ends in the same pool.
 */
export class Broadcaster {
  readonly #deps: BroadcasterDeps;
  readonly #log: ChangeLog;
  readonly #window: number;
  readonly #chunks: TableChunks;
  readonly #readers = new Map<number, Reader>();
  #turnPending = false;
  /** Whole tables sent to workers that had one or were to have one already. */
  resyncs = 0;

  constructor(deps: BroadcasterDeps) {
    this.#deps = deps;
    this.#log = new ChangeLog(deps.logLimit ?? LOG_LIMIT, deps.now);
    this.#window = deps.window ?? WINDOW;
    this.#chunks = new TableChunks(deps.source);
  }

  get epoch(): string {
    return this.#deps.epoch;
  }

  get seq(): number {
    return this.#log.head;
  }

  /** Records one change of the source; `checksum` is that of the table after it. Sent at the end of this turn. */
  publish(change: Change, checksum: number): void {
    // Who comes later begins with the whole table.
    if (this.#readers.size === 0) {
      this.#log.skip(checksum);
      return;
    }
    this.#log.append(change, checksum);
    this.#schedule();
  }

  /** Begins to send to a worker that said hello. `onComplete` is called once, when its first table is in use. */
  add(id: number, send: (message: ToWorker) => void, onComplete?: () => void): void {
    const reader: Reader = {
      send,
      onComplete,
      table: 0,
      keys: undefined,
      at: 0,
      chunk: 0,
      ended: false,
      cursor: 0,
      acked: 0,
      ackedChunk: 0,
      checksum: 0,
      complete: false,
      inFlight: [],
      inFlightSize: 0,
      unasked: 0,
    };
    this.#readers.set(id, reader);
    this.#startTable(reader);
  }

  remove(id: number): void {
    this.#readers.delete(id);
    this.#release();
  }

  /** An `ack` of that worker. */
  acknowledge(id: number, ack: Extract<ToPrimary, { type: 'ack' }>): void {
    const reader = this.#readers.get(id);
    if (reader === undefined || ack.epoch !== this.#deps.epoch || ack.table !== reader.table) return;
    reader.acked = Math.max(reader.acked, ack.seq);
    reader.ackedChunk = Math.max(reader.ackedChunk, ack.chunk);
    reader.checksum = ack.checksum;
    while (reader.inFlight.length > 0) {
      const sent = reader.inFlight[0]!;
      if (sent.seq > reader.acked || sent.chunk > reader.ackedChunk) break;
      reader.inFlightSize -= sent.size;
      reader.inFlight.shift();
    }
    if (ack.complete && reader.ended && !reader.complete) {
      reader.complete = true;
      reader.onComplete?.();
      reader.onComplete = undefined;
    }
    this.#release();
    this.#schedule();
  }

  /** That worker found that its copy cannot be trusted. */
  resync(id: number, reason: string): void {
    const reader = this.#readers.get(id);
    if (reader === undefined) return;
    this.#deps.logger.warn('replica-resync', { worker: id, reason });
    this.#startTable(reader);
  }

  /** To be called about once a second: reminds workers that owe an ack. */
  beat(): void {
    for (const reader of this.#readers.values()) {
      const owes = !reader.complete || reader.acked < reader.cursor || reader.inFlight.length > 0;
      if (!owes) continue;
      reader.send({
        type: 'beat',
        epoch: this.#deps.epoch,
        table: reader.table,
        chunk: reader.chunk,
        ended: reader.ended,
        seq: reader.cursor,
      });
    }
  }

  view(id: number): ReplicaView | undefined {
    const reader = this.#readers.get(id);
    if (reader === undefined) return undefined;
    const lagChanges = this.#log.head - reader.acked;
    const oldest = reader.inFlight[0];
    return {
      complete: reader.complete,
      ackedSeq: reader.acked,
      lagChanges,
      lagMs: lagChanges === 0 || oldest === undefined ? 0 : Math.max(0, this.#deps.now() - oldest.sentAtMs),
      resyncs: reader.table - 1,
      checksum: reader.checksum,
    };
  }

  #schedule(): void {
    if (this.#turnPending) return;
    this.#turnPending = true;
    this.#deps.endOfTurn(() => {
      this.#turnPending = false;
      this.#log.seal();
      let more = false;
      for (const [id, reader] of this.#readers) if (this.#pump(id, reader)) more = true;
      this.#release();
      if (more) this.#schedule();
    });
  }

  #startTable(reader: Reader): void {
    this.#log.seal();
    if (reader.table > 0) this.resyncs += 1;
    reader.table += 1;
    reader.keys = this.#chunks.keys(this.#log.head);
    reader.at = 0;
    reader.chunk = 0;
    reader.ended = false;
    reader.complete = false;
    reader.cursor = this.#log.head;
    reader.acked = this.#log.head;
    reader.ackedChunk = 0;
    reader.inFlight = [];
    reader.inFlightSize = 0;
    reader.unasked = 0;
    reader.send({
      type: 'table-start',
      epoch: this.#deps.epoch,
      table: reader.table,
      seq: reader.cursor,
    });
    this.#schedule();
  }

  /** Sends what the window allows. True when it stopped for the sake of others with more to send. */
  #pump(id: number, reader: Reader): boolean {
    let chunks = 0;
    while (reader.inFlightSize < this.#window) {
      if (reader.cursor < this.#log.head) {
        const batch = this.#log.after(reader.cursor);
        if (batch === undefined) {
          this.#deps.logger.warn('replica-resync', { worker: id, reason: 'too far behind' });
          this.#startTable(reader);
          continue;
        }
        reader.send({
          type: 'delta',
          epoch: this.#deps.epoch,
          first: batch.first,
          last: batch.last,
          checksum: batch.checksum,
          changes: batch.text,
        });
        reader.cursor = batch.last;
        this.#sent(reader, batch.text.length, batch.madeAtMs);
      } else if (reader.keys !== undefined) {
        if (chunks === CHUNKS_PER_TURN) return true;
        chunks += 1;
        this.#sendChunk(reader, reader.keys);
      } else if (!reader.ended) {
        reader.ended = true;
        reader.send({
          type: 'table-end',
          epoch: this.#deps.epoch,
          table: reader.table,
          chunks: reader.chunk,
          seq: reader.cursor,
          checksum: this.#deps.source.checksum(),
        });
      } else {
        break;
      }
    }
    return false;
  }

  #sendChunk(reader: Reader, keys: readonly string[]): void {
    const { text, next } = this.#chunks.take(keys, reader.at, reader.cursor, this.#log.head);
    reader.at = next;
    if (next === keys.length) reader.keys = undefined;
    if (text === '') return;
    reader.chunk += 1;
    reader.unasked += text.length;
    // An ack costs either end as much as reading some twenty pools: a few for each window will do.
    const quiet =
      reader.unasked < this.#window / ACKS_PER_WINDOW && reader.inFlightSize + text.length < this.#window;
    if (!quiet) reader.unasked = 0;
    reader.send({
      type: 'table-chunk',
      epoch: this.#deps.epoch,
      table: reader.table,
      chunk: reader.chunk,
      pools: text,
      ...(quiet ? { quiet } : {}),
    });
    this.#sent(reader, text.length, this.#deps.now());
  }

  #sent(reader: Reader, size: number, sentAtMs: number): void {
    reader.inFlight.push({ seq: reader.cursor, chunk: reader.chunk, size, sentAtMs });
    reader.inFlightSize += size;
  }

  #release(): void {
    let lowest = this.#log.head;
    let copying = false;
    for (const reader of this.#readers.values()) {
      lowest = Math.min(lowest, reader.cursor);
      if (reader.keys !== undefined) copying = true;
    }
    this.#log.release(lowest);
    if (!copying) this.#chunks.forget();
  }
}

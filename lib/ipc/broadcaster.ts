import type { Logger } from '../log/logger.ts';
import type { Change } from '../routes/change.ts';
import { ChangeLog } from './change-log.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { Reader, type ReplicaView } from './reader.ts';
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

const LOG_LIMIT = 16 * 1024 * 1024;
const WINDOW = 512 * 1024;
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
    const reader = new Reader({ epoch: this.#deps.epoch, window: this.#window, send, onComplete });
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
    if (reader?.acknowledge(ack) !== true) return;
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
    for (const reader of this.#readers.values()) reader.remind();
  }

  view(id: number): ReplicaView | undefined {
    return this.#readers.get(id)?.view(this.#log.head, this.#deps.now());
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
    if (reader.tables > 0) this.resyncs += 1;
    reader.startTable(this.#chunks.keys(this.#log.head), this.#log.head);
    this.#schedule();
  }

  /** Sends what the window allows. True when it stopped for the sake of others with more to send. */
  #pump(id: number, reader: Reader): boolean {
    let chunks = 0;
    while (reader.hasRoom) {
      if (reader.cursor < this.#log.head) {
        const batch = this.#log.after(reader.cursor);
        if (batch === undefined) {
          this.#deps.logger.warn('replica-resync', { worker: id, reason: 'too far behind' });
          this.#startTable(reader);
          continue;
        }
        reader.sendChanges(batch);
      } else if (reader.keys !== undefined) {
        if (chunks === CHUNKS_PER_TURN) return true;
        chunks += 1;
        const { text, next } = this.#chunks.take(reader.keys, reader.at, reader.cursor, this.#log.head);
        reader.sendChunk(text, next, this.#deps.now());
      } else if (!reader.ended) {
        reader.sendEnd(this.#deps.source.checksum());
      } else {
        break;
      }
    }
    return false;
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

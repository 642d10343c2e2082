import { setImmediate as nextTurn } from 'node:timers/promises';
import { RouterError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { routeId } from './route-id.ts';
import { SqliteLink } from './sqlite-link.ts';
import type { LoadedSnapshot, SnapshotBatch, SnapshotStore, StoredRoute } from './store.ts';
import { decodeRoute, encodeRoute } from './stored-route.ts';

export interface SqliteStoreOptions {
  /** The file; its directory is made when missing. */
  readonly path: string;
  readonly log: Logger;
  /** How long to wait for another process to let go of the file, ms. */
  readonly busyMs?: number;
  /** After how long a start goes on without a disk that does not answer, ms. */
  readonly patienceMs?: number;
}

// Some 3 ms of work each, in either direction: what the event loop may be without.
const ROWS_AT_A_TIME = 1000;

/** Keeps the snapshot in an SQLite file, by way of a thread: a slow disk delays promises, never the event loop. */
export class SqliteStore implements SnapshotStore {
  readonly kind = 'embedded';
  readonly #path: string;
  readonly #log: Logger;
  readonly #busyMs: number;
  readonly #patienceMs: number;
  #link: SqliteLink | undefined;
  /** Calls run one after the other, or the parts of two batches could mix. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SqliteStoreOptions) {
    this.#path = options.path;
    this.#log = options.log;
    this.#busyMs = options.busyMs ?? 1000;
    this.#patienceMs = options.patienceMs ?? 10_000;
  }

  open(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#link === undefined || this.#link.failed) this.#link = new SqliteLink();
      const link = this.#link;
      const call = link.call('open', { path: this.#path, busyMs: this.#busyMs });
      try {
        const { note } = await this.#patiently(link, call);
        if (note !== undefined) this.#log.warn('snapshot-file-set-aside', { error: note });
      } catch (error) {
        // Without a file there is nothing for the thread to do.
        this.#link = undefined;
        if (!link.failed) await link.close();
        throw error;
      }
    });
  }

  load(): Promise<LoadedSnapshot | undefined> {
    return this.#inTurn(async () => {
      const link = this.#opened();
      return this.#patiently(link, this.#read(link));
    });
  }

  write(batch: SnapshotBatch): Promise<void> {
    return this.#inTurn(async () => {
      const link = this.#opened();
      for (let from = 0; from < batch.put.length; from += ROWS_AT_A_TIME) {
        if (from > 0) await nextTurn();
        const puts: string[] = [];
        for (const route of batch.put.slice(from, from + ROWS_AT_A_TIME)) {
          puts.push(routeId(route.key, route.endpoint.address), encodeRoute(route));
        }
        await link.call('stage', { puts });
      }
      const removes = batch.remove.map((gone) => routeId(gone.key, gone.address));
      await link.call('write', { removes, savedAtMs: batch.savedAtMs });
    });
  }

  clear(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#opened().call('clear', null);
    });
  }

  async close(): Promise<void> {
    const closed = this.#inTurn(async () => {
      const link = this.#link;
      this.#link = undefined;
      await link?.close();
    });
    if (this.#link === undefined) return closed;
    // Impatient from now on rather than from its turn: it may be the write before it that does not come back.
    await this.#patiently(this.#link, closed);
  }

  async #read(link: SqliteLink): Promise<LoadedSnapshot | undefined> {
    const savedAtMs = await link.call('savedAt', null);
    const routes: StoredRoute[] = [];
    const damaged: string[] = [];
    const unreadable: number[] = [];
    const ask = (after: number) => link.call('rows', { after, max: ROWS_AT_A_TIME });
    for (let asked = ask(Number.MIN_SAFE_INTEGER); ; ) {
      const { flat, last, note } = await asked;
      if (note !== undefined) {
        damaged.push(note);
        this.#log.warn('snapshot-file-set-aside', { error: note });
      }
      if (last !== undefined) {
        asked = ask(last); // read while we decode
        asked.catch(() => undefined); // decoding may throw first; otherwise it is awaited above
      }
      for (let i = 0; i < flat.length; i += 3) {
        const [n, id, data] = [flat[i], flat[i + 1], flat[i + 2]];
        const route =
          typeof id === 'string' && typeof data === 'string' ? decodeRoute(id, data) : `row ${n} is not text`;
        if (typeof route !== 'string') routes.push(route);
        else {
          damaged.push(route);
          if (typeof n === 'number') unreadable.push(n);
        }
      }
      if (last === undefined) break;
      await nextTurn();
    }
    if (unreadable.length > 0) {
      // Failing that, they are met and listed again at the next start.
      await link.call('forget', { numbers: unreadable }).catch(() => undefined);
    }
    if (savedAtMs === undefined && routes.length === 0 && damaged.length === 0) return undefined;
    return { savedAtMs: savedAtMs ?? 0, routes, damaged, origin: this.#path, own: true };
  }

  /** A disk that does not answer must not hold up a start, nor a stop. */
  async #patiently<T>(link: SqliteLink, work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      const text = `${this.#path} gave no answer within ${this.#patienceMs} ms: look at its disk`;
      link.abandon(new RouterError('STORE_UNAVAILABLE', text));
    }, this.#patienceMs);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  #opened(): SqliteLink {
    if (this.#link === undefined) throw new RouterError('STORE_UNAVAILABLE', `${this.#path} is not open`);
    return this.#link;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined); // its caller has the rejection
    return result;
  }
}

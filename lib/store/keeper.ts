import { setImmediate as nextTurn } from 'node:timers/promises';
import { RouterError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { ChangedEntries } from './changed-entries.ts';
import type { SnapshotStore, StoredRoute, StoredRouteId } from './store.ts';

/** The route table, as far as the keeper looks at it. */
export interface SnapshotSource {
  /** What the table holds for it now. */
  find(key: string, address: string): StoredRoute | undefined;
  /** Number of entries, an endpoint on two routes being two. */
  size(): number;
  /** The next `count` entries of a walk that wraps round at the end of the table. */
  sweep(count: number): Iterable<StoredRoute>;
}

export interface KeeperDeps {
  readonly store: SnapshotStore;
  readonly source: SnapshotSource;
  /** Between saves, ms. */
  readonly everyMs: number;
  /** Resolves after `ms`, or at once when aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  /** Unix ms. */
  readonly now: () => number;
}

/**
 * How to begin: `continue` = the store holds what the table was restored from; `start-over` = it holds nothing
 * that may be built upon; `open` = it is not open either, as it could not be.
 */
export type KeeperStart = 'continue' | 'start-over' | 'open';

/** Entries in one write: 3 ms of the event loop, and a transaction that no store minds. */
const BATCH_SIZE = 1000;
/** The snapshot's date says when the router last lived; so often it is renewed when nothing else changes. */
const DATE_EVERY_MS = 5000;
/** A walk over the whole table, which renews when entries were last confirmed, and mends what was lost. */
const SWEEP_MS = 300_000;
const MAX_PAUSE_MS = 10_000;
/** What a stop waits for a store that does not answer. */
const LAST_SAVE_MS = 3000;

/**
 * Copies the changes of the route table to the store, coalesced and in batches, and one last time on stop.
 * A store that fails is tried again with growing pauses; what it missed is kept as names only, and looked up in
 * the table when it can be written. A stored `confirmedAtMs` is up to 5 minutes behind.
 */
export class SnapshotKeeper {
  readonly #deps: KeeperDeps;
  readonly #stopping = new AbortController();
  readonly #dirty = new ChangedEntries();
  #loop: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** Saves never overlap, or an older state could land on top of a newer one. */
  #last: Promise<unknown> = Promise.resolve();
  #mustOpen = false;
  #mustClear = false;
  /** Entries still to be written before the store holds the whole table. */
  #rewrite = 0;
  /** Entries the walk owes by now, fractions included. */
  #sweepDue = 0;
  #sweptAtMs = 0;
  #datedAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #illSinceMs = 0;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
  }

  /** Entries that changed and are not stored yet. */
  get pending(): number {
    return this.#dirty.size + this.#rewrite;
  }

  /** When the snapshot was last written, Unix ms; undefined when it never was. */
  get savedAtMs(): number | undefined {
    return Number.isFinite(this.#datedAtMs) ? this.#datedAtMs : undefined;
  }

  /** Whether the last attempt failed. */
  get ill(): boolean {
    return this.#failures > 0;
  }

  /** To be called for every entry that was put or removed. Cheap; what became of it is looked up when saving. */
  changed(key: string, address: string): void {
    if (this.#deps.store.kind === 'none' || this.#stopping.signal.aborted) return;
    this.#dirty.add(key, address);
    // An entry added behind the walk's back makes its way round one longer.
    if (this.#rewrite > 0) this.#rewrite += 1;
  }

  /** May be called twice. With a store of kind `none` it does nothing. */
  start(begin: KeeperStart): void {
    if (this.#loop !== undefined || this.#deps.store.kind === 'none') return;
    this.#mustOpen = begin === 'open';
    this.#mustClear = begin !== 'continue';
    this.#sweptAtMs = this.#deps.now();
    this.#loop = this.#run(this.#stopping.signal);
  }

  /** Writes what has changed until now. Rejects with the store's error. */
  flush(): Promise<void> {
    const saved = this.#last.then(() => this.#save(true));
    this.#last = saved.catch(() => undefined); // its caller has the rejection
    return saved;
  }

  /**
   * Saves once more, if started, but waits only some seconds for a store that does not answer. Safe to call twice,
   * or before start. The store stays open: it is not ours.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#loop === undefined) return;
    const saved = new AbortController();
    const finished = this.#loop.finally(() => saved.abort());
    const impatience = this.#deps.pause(LAST_SAVE_MS, saved.signal).then(() => {
      if (saved.signal.aborted) return;
      this.#deps.log.warn('snapshot-not-saved', {
        error: 'the store gives no answer',
        pending: this.pending,
      });
    });
    await Promise.race([finished, impatience]);
  }

  async #run(stopping: AbortSignal): Promise<void> {
    const { everyMs, pause } = this.#deps;
    let isLast: boolean;
    do {
      const growing = Math.min(everyMs * 2 ** this.#failures, Math.max(everyMs, MAX_PAUSE_MS));
      await pause(growing, stopping); // stop() cuts this short
      isLast = stopping.aborted; // read before saving: what changes meanwhile gets one more turn
      const saved = this.#last.then(() => this.#save(isLast));
      // A lost save costs a colder start and no request. It is logged already.
      this.#last = saved.catch(() => undefined);
      await this.#last;
    } while (!isLast);
  }

  async #save(isLast: boolean): Promise<void> {
    try {
      await this.#prepare();
      await this.#writeAll(isLast);
      this.#recovered();
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  async #prepare(): Promise<void> {
    const { store, source } = this.#deps;
    if (this.#mustOpen || this.#failures > 0) await store.open();
    this.#mustOpen = false;
    if (!this.#mustClear) return;
    await store.clear();
    this.#mustClear = false;
    this.#rewrite = source.size();
  }

  /** Everything that is dirty by now; what changes while it is written waits for the next round. */
  async #writeAll(isLast: boolean): Promise<void> {
    const { now } = this.#deps;
    this.#accrueSweep();
    let left = this.#dirty.size;
    let dateIsDue = isLast || now() - this.#datedAtMs >= DATE_EVERY_MS;
    // One walk through all batches: a new one would begin with all that the batches before have deleted.
    const dirty = this.#dirty.take();
    while (left > 0 || this.#rewrite > 0 || this.#sweepDue >= 1 || dateIsDue) {
      const count = Math.min(left, BATCH_SIZE);
      await this.#writeBatch(count, dirty);
      left -= count;
      dateIsDue = false;
      await nextTurn();
    }
  }

  /** One write of the next `count` dirty entries, filled up from the walk over the table. */
  async #writeBatch(count: number, dirty: Iterator<StoredRouteId>): Promise<void> {
    const { store, source, now } = this.#deps;
    const put: StoredRoute[] = [];
    const remove: StoredRouteId[] = [];
    const taken: StoredRouteId[] = [];
    while (taken.length < count) {
      const next = dirty.next();
      if (next.done === true) break;
      const route = next.value;
      taken.push(route);
      const found = source.find(route.key, route.address);
      if (found === undefined) remove.push(route);
      else put.push(found);
    }
    // An entry may come twice, by name and by the walk: both say what the table holds now.
    const room = BATCH_SIZE - count;
    const swept = Math.min(room, Math.max(this.#rewrite, Math.floor(this.#sweepDue)));
    if (swept > 0) {
      for (const route of source.sweep(swept)) {
        put.push(route);
        taken.push({ key: route.key, address: route.endpoint.address });
      }
      this.#rewrite = Math.max(0, this.#rewrite - swept);
      this.#sweepDue = Math.max(0, this.#sweepDue - swept);
    }
    const nowMs = now();
    // Half a table must not pass for one: without a date it is not restored from.
    const savedAtMs = this.#rewrite > 0 ? 0 : nowMs;
    try {
      await store.write({ put, remove, savedAtMs });
      this.#datedAtMs = nowMs;
    } catch (error) {
      for (const { key, address } of taken) this.#dirty.add(key, address);
      throw error;
    }
  }

  #accrueSweep(): void {
    const { source, now, everyMs } = this.#deps;
    const nowMs = now();
    // Neither a clock that was set nor a store that was away for long may bunch the walk up.
    const elapsedMs = Math.min(Math.max(0, nowMs - this.#sweptAtMs), 2 * everyMs);
    this.#sweptAtMs = nowMs;
    const size = source.size();
    this.#sweepDue = Math.min(this.#sweepDue + (size * elapsedMs) / SWEEP_MS, size);
  }

  #failed(error: unknown): void {
    const { log, now } = this.#deps;
    // What it held is gone, or partly: names of changes are not enough any more.
    if (error instanceof RouterError && error.code === 'STORE_DAMAGED') this.#mustClear = true;
    this.#failures += 1;
    if (this.#failures > 1) return;
    this.#illSinceMs = now();
    const text = error instanceof Error ? error.message : String(error);
    log.warn('snapshot-store-failing', { error: text, pending: this.pending });
  }

  #recovered(): void {
    if (this.#failures === 0) return;
    const { log, now } = this.#deps;
    log.info('snapshot-store-recovered', { failures: this.#failures, durationMs: now() - this.#illSinceMs });
    this.#failures = 0;
  }
}

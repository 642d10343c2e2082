import { encodePool, type MarkedPool } from './codec.ts';

/** The truth that is replicated, as far as the broadcaster reads it. */
export interface TableSource {
  keys(): Iterable<string>;
  /** The pool as it stands now; undefined when it is gone. */
  pool(key: string): MarkedPool | undefined;
  checksum(): number;
}

/** A run of pools, encoded. */
export interface TableChunk {
  /** JSON array of pools; empty when all of them are gone. */
  readonly text: string;
  /** Index of the first key behind it. */
  readonly next: number;
}

interface KeptChunk extends TableChunk {
  /** Sequence number of the last change that it holds. */
  readonly seq: number;
}

/** UTF-16 units. */
const CHUNK_LIMIT = 32 * 1024;
/** 1 MB: how far workers that start together may drift apart and still share. */
const KEPT_CHUNKS = 32;

/**
 * The table in pieces. Workers that begin to copy it at the same state share its keys, and what was encoded for the
 * first of them serves the others, as long as it is not older than what they have.
 */
export class TableChunks {
  readonly #source: TableSource;
  readonly #kept = new Map<number, KeptChunk>();
  #keys: readonly string[] | undefined;
  #keysSeq = 0;

  constructor(source: TableSource) {
    this.#source = source;
  }

  /**
   * The keys at this moment, `seq` being its change. A copy: the table may change under a table transfer, an iterator
   * over it might then visit a re-created pool late, which is harmless, or never, which is not.
   */
  keys(seq: number): readonly string[] {
    if (this.#keys === undefined || this.#keysSeq !== seq) {
      this.forget();
      this.#keys = [...this.#source.keys()];
      this.#keysSeq = seq;
    }
    return this.#keys;
  }

  /**
   * The chunk that begins with key number `from`, for a worker that has all changes up to `cursor`; `head` is the
   * newest. A chunk from before `cursor` would take back changes that the worker passed over, the pool still being
   * to come.
   */
  take(keys: readonly string[], from: number, cursor: number, head: number): TableChunk {
    if (keys !== this.#keys) return this.#encode(keys, from);
    const kept = this.#kept.get(from);
    if (kept !== undefined && kept.seq >= cursor) return kept;
    const made = { ...this.#encode(keys, from), seq: head };
    this.#kept.delete(from); // so that it counts as new
    this.#kept.set(from, made);
    if (this.#kept.size > KEPT_CHUNKS) this.#kept.delete(this.#kept.keys().next().value as number);
    return made;
  }

  /** Nobody is copying the table any more. */
  forget(): void {
    this.#kept.clear();
    this.#keys = undefined;
  }

  #encode(keys: readonly string[], from: number): TableChunk {
    let text = '';
    let next = from;
    for (; next < keys.length && text.length < CHUNK_LIMIT; next += 1) {
      const marked = this.#source.pool(keys[next]!);
      if (marked !== undefined) text += text === '' ? `[${encodePool(marked)}` : `,${encodePool(marked)}`;
    }
    return { text: text === '' ? '' : `${text}]`, next };
  }
}

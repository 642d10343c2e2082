import type { ErrorCode } from '../errors.ts';

/** A failure of the embedded store in a shape that survives the way from its thread. */
export interface StoreFault {
  readonly code: Extract<ErrorCode, `STORE_${string}`>;
  /** Names the file, what is wrong with it, and what would be right. */
  readonly message: string;
}

/** Thrown inside the thread. A plain class: `RouterError` would lose its fields on the way. */
export class StoreFailure extends Error implements StoreFault {
  readonly code: StoreFault['code'];

  constructor(code: StoreFault['code'], message: string) {
    super(message);
    this.code = code;
  }
}

// Primary result codes (sqlite.org/rescode.html); an extended code carries the primary one in its low byte.
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/** What a raw error means for the snapshot in `path`. */
export function sqliteFault(error: unknown, path: string): StoreFault {
  if (error instanceof StoreFailure) return { code: error.code, message: error.message };
  const detail = error instanceof Error ? error.message : String(error);
  switch (resultCode(error)) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return { code: 'STORE_DAMAGED', message: `${path} is damaged: ${detail}` };
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable(
        `${path} is in use by another process: each router needs a snapshot.path of its own`,
      );
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return unavailable(
        `${path} cannot be opened for writing (${detail}): allow it, or set another snapshot.path`,
      );
    case SQLITE_FULL:
      return unavailable(`no room left to write ${path}: free some space, or set another snapshot.path`);
    default:
      return unavailable(`${path} cannot be used: ${detail}`);
  }
}

export function isDamage(error: unknown): boolean {
  if (error instanceof StoreFailure) return error.code === 'STORE_DAMAGED';
  const code = resultCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

function unavailable(message: string): StoreFault {
  return { code: 'STORE_UNAVAILABLE', message };
}

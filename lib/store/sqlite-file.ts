import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setAside } from './set-aside.ts';
import { isDamage, StoreFailure, sqliteFault } from './sqlite-fault.ts';

/** `trnt`, in the file's header: tells our files from other programs' databases. */
export const APPLICATION_ID = 0x74726e74;
export const SCHEMA_VERSION = 1;

// `n` keeps new rows together at the end of the file: keyed by `id` itself, entries that arrive in no order dirty
// four times as many pages (measured: 100,000 rows in 2.0 s against 0.5 s).
const SCHEMA = `
  BEGIN IMMEDIATE;
  CREATE TABLE route (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, data TEXT NOT NULL) STRICT;
  CREATE TABLE snapshot (one INTEGER PRIMARY KEY CHECK (one = 1), saved_at_ms INTEGER NOT NULL) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
  COMMIT;
`;

/** Row number, id, data. The types are what the schema says; a damaged file may say otherwise. */
export type Row = readonly [n: unknown, id: unknown, data: unknown];

interface Statements {
  readonly put: StatementSync;
  readonly remove: StatementSync;
  readonly date: StatementSync;
  readonly rows: StatementSync;
}

/**
 * The snapshot in an SQLite file. Every call blocks: this lives in a thread of its own (sqlite-thread.ts).
 *
 * The lock is SQLite's own and held while the file is open (`locking_mode=EXCLUSIVE`). It is the kernel's, so it
 * ends with the process, however that ends. Nothing here may open the file by other means meanwhile: POSIX drops
 * all locks of a process on a file when any one descriptor of it is closed.
 */
export class SqliteFile {
  readonly #path: string;
  readonly #busyMs: number;
  #db: DatabaseSync | undefined;
  #statements: Statements | undefined;
  #inode = 0;

  constructor(path: string, busyMs: number) {
    this.#path = path;
    this.#busyMs = busyMs;
  }

  /** Returns what had to be done to a damaged file, for the log. Throws a `StoreFailure`, or SQLite's error. */
  open(): string | undefined {
    if (this.#db !== undefined) return undefined;
    try {
      this.#connect();
      return undefined;
    } catch (error) {
      if (!isDamage(error)) throw error;
      const note = `${sqliteFault(error, this.#path).message}; kept as ${setAside(this.#path)}`;
      this.#connect();
      return note;
    }
  }

  /** When the snapshot was last saved, Unix ms; 0 when that cannot be read; undefined when it never was. */
  savedAtMs(): number | undefined {
    try {
      const row = this.#open().prepare('SELECT saved_at_ms AS ms FROM snapshot').get();
      if (row === undefined) return undefined;
      return typeof row.ms === 'number' ? row.ms : 0;
    } catch {
      // The date is lost, and with it the snapshot, but not the start: reading the rows will tell what is wrong.
      return 0;
    }
  }

  /** Up to `max` rows that follow row `after`. */
  rows(after: number, max: number): Row[] {
    this.#open();
    return this.#statements?.rows.all(after, max) as unknown as Row[];
  }

  /**
   * Makes a new file of all rows that can still be read, and sets the damaged one aside. A page that cannot be
   * read hides what follows it, so the table is read from both ends.
   */
  rebuild(): string {
    const savedAtMs = this.savedAtMs() ?? 0;
    const { rows, complaint } = this.#salvage();
    this.close();
    const kept = setAside(this.#path);
    this.#connect();
    this.#transact(() => {
      const put = this.#open().prepare('INSERT OR REPLACE INTO route (n, id, data) VALUES (?, ?, ?)');
      for (const [n, id, data] of rows) {
        if (typeof n === 'number' && typeof id === 'string' && typeof data === 'string') put.run(n, id, data);
      }
      this.#statements?.date.run(savedAtMs);
    });
    return `${this.#path} is damaged: ${complaint}; kept as ${kept}, ${rows.length} routes could be read`;
  }

  /** All or nothing. `puts` holds an id and its data in turn. Throws `STORE_DAMAGED` after starting a new file. */
  write(puts: readonly string[], removes: readonly string[], savedAtMs: number): void {
    if (!this.#stillOurs()) {
      throw new StoreFailure(
        'STORE_DAMAGED',
        `${this.#path} was removed or replaced by someone else, started anew`,
      );
    }
    try {
      this.#transact(() => {
        const { put, remove, date } = this.#statements as Statements;
        for (const id of removes) remove.run(id);
        for (let i = 0; i < puts.length; i += 2) put.run(puts[i] as string, puts[i + 1] as string);
        date.run(savedAtMs);
      });
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.close();
      const fault = sqliteFault(error, this.#path);
      const kept = isFile(this.#path) ? `; kept as ${setAside(this.#path)}` : '';
      this.open();
      throw new StoreFailure('STORE_DAMAGED', `${fault.message}${kept}, started anew`);
    }
  }

  /** Removes rows by number: those whose content turned out damaged. */
  forget(numbers: readonly number[]): void {
    this.#transact(() => {
      const forget = this.#open().prepare('DELETE FROM route WHERE n = ?');
      for (const n of numbers) forget.run(n);
    });
  }

  clear(): void {
    this.#stillOurs();
    this.#transact(() => this.#open().exec('DELETE FROM route; DELETE FROM snapshot'));
  }

  close(): void {
    const db = this.#db;
    this.#db = undefined;
    this.#statements = undefined;
    db?.close();
  }

  #prepare(): void {
    const path = this.#path;
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) {
      const kind = found.isDirectory() ? 'a directory' : 'not a regular file';
      throw new StoreFailure('STORE_UNAVAILABLE', `${path} is ${kind}: snapshot.path names a file`);
    }
    if (found !== undefined) return;
    try {
      makeDirectory(dirname(path));
      // Made here for its mode: route service URLs and addresses are nobody else's business.
      closeSync(openSync(path, 'wx', 0o600));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST' && isFile(path)) return;
      throw new StoreFailure(
        'STORE_UNAVAILABLE',
        `${path} cannot be created (${(error as Error).message}): allow it, or set another snapshot.path`,
      );
    }
  }

  #connect(): void {
    this.#prepare();
    const db = new DatabaseSync(this.#path, { timeout: this.#busyMs });
    try {
      db.exec('PRAGMA locking_mode = EXCLUSIVE');
      // Looked at before anything is set: a file that is not ours to use stays as it is.
      const isNew = this.#identify(db);
      db.exec('PRAGMA journal_mode = WAL');
      // In WAL mode NORMAL risks the last commits at a power cut, never the file (sqlite.org/pragma.html).
      db.exec('PRAGMA synchronous = NORMAL');
      db.exec(
        'PRAGMA cache_size = -4000; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 33554432',
      );
      if (isNew) db.exec(SCHEMA);
      this.#statements = prepareStatements(db, this.#path);
      this.#inode = statSync(this.#path).ino;
      this.#db = db;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Whether the file is empty, to be filled by us. Throws for what is neither empty nor ours. */
  #identify(db: DatabaseSync): boolean {
    const application = pragma(db, 'application_id');
    const version = pragma(db, 'user_version');
    if (application === APPLICATION_ID && version === SCHEMA_VERSION) return false;
    if (application === APPLICATION_ID && version > SCHEMA_VERSION) {
      throw new StoreFailure(
        'STORE_SCHEMA_UNKNOWN',
        `${this.#path} was written by a newer version (schema ${version}, this one knows ${SCHEMA_VERSION}) and is left as it is: ` +
          'remove it, or set another snapshot.path',
      );
    }
    if (application === APPLICATION_ID) {
      throw new StoreFailure('STORE_DAMAGED', `${this.#path} is damaged: schema version ${version}`);
    }
    const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get();
    if (application === 0 && version === 0 && tables?.n === 0) return true;
    throw new StoreFailure(
      'STORE_SCHEMA_UNKNOWN',
      `${this.#path} is another program's database and is left as it is: set another snapshot.path`,
    );
  }

  #salvage(): { rows: Row[]; complaint: string } {
    const db = this.#open();
    const rows: Row[] = [];
    let complaint = 'unknown';
    const read = (sql: string, into: (row: Row) => boolean): void => {
      try {
        const statement = db.prepare(sql);
        statement.setReturnArrays(true);
        for (const row of statement.iterate()) if (!into(row as unknown as Row)) return;
      } catch (error) {
        complaint = (error as Error).message;
      }
    };
    let last = Number.NEGATIVE_INFINITY;
    read('SELECT n, id, data FROM route ORDER BY n', (row) => {
      last = row[0] as number;
      rows.push(row);
      return true;
    });
    read('SELECT n, id, data FROM route ORDER BY n DESC', (row) => {
      if ((row[0] as number) <= last) return false;
      rows.push(row);
      return true;
    });
    return { rows, complaint };
  }

  /**
   * Whether the open file is still the one at its path: one that was deleted or replaced would take our writes and
   * give nothing back. When it is not, the file that is there now, or a new one, is opened.
   */
  #stillOurs(): boolean {
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) return true;
    this.close();
    this.open();
    return false;
  }

  #transact(work: () => void): void {
    const db = this.#open();
    db.exec('BEGIN IMMEDIATE');
    try {
      work();
      db.exec('COMMIT');
    } catch (error) {
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  #open(): DatabaseSync {
    if (this.#db === undefined) throw new StoreFailure('STORE_UNAVAILABLE', `${this.#path} is not open`);
    return this.#db;
  }
}

function prepareStatements(db: DatabaseSync, path: string): Statements {
  try {
    const rows = db.prepare('SELECT n, id, data FROM route WHERE n > ? ORDER BY n LIMIT ?');
    rows.setReturnArrays(true);
    return {
      put: db.prepare(
        'INSERT INTO route (id, data) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data',
      ),
      remove: db.prepare('DELETE FROM route WHERE id = ?'),
      date: db.prepare('INSERT OR REPLACE INTO snapshot (one, saved_at_ms) VALUES (1, ?)'),
      rows,
    };
  } catch (error) {
    // Our mark and version, but not our tables.
    throw new StoreFailure('STORE_DAMAGED', `${path} is damaged: ${(error as Error).message}`);
  }
}

function pragma(db: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** `mkdirSync` with `recursive` never returns where the file system has no room for directories, as in /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

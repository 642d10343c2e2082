import { parentPort } from 'node:worker_threads';
import { isDamage, type StoreFault, sqliteFault } from './sqlite-fault.ts';
import { SqliteFile } from './sqlite-file.ts';

/** What the thread can be asked for: arguments and result of each call. */
export interface ThreadCalls {
  /** Opens the file; waits up to `busyMs` for its lock. `note`: what had to be done to a damaged file. */
  open: { args: { path: string; busyMs: number }; result: { note: string | undefined } };
  savedAt: { args: null; result: number | undefined };
  /** Rows after row number `after`, flat: number, id, data. `note`: the file was damaged and made anew. */
  rows: {
    args: { after: number; max: number };
    result: { flat: unknown[]; last: number | undefined; note: string | undefined };
  };
  /** More entries for the next write: a large batch comes in parts, lest encoding it blocks the sender. */
  stage: { args: { puts: readonly string[] }; result: null };
  write: { args: { removes: readonly string[]; savedAtMs: number }; result: null };
  forget: { args: { numbers: readonly number[] }; result: null };
  clear: { args: null; result: null };
  close: { args: null; result: null };
}

export type ThreadCall = {
  [Name in keyof ThreadCalls]: { id: number; name: Name; args: ThreadCalls[Name]['args'] };
}[keyof ThreadCalls];

export type ThreadReply = { id: number; result: unknown } | { id: number; fault: StoreFault };

/** Runs the calls in order of arrival, each as blocking as SQLite is. */
class SqliteThread {
  #path = '';
  #file: SqliteFile | undefined;
  #staged: string[][] = [];

  answer(call: ThreadCall): ThreadReply {
    try {
      return { id: call.id, result: this.#run(call) };
    } catch (error) {
      return { id: call.id, fault: sqliteFault(error, this.#path) };
    }
  }

  #run(call: ThreadCall): ThreadCalls[keyof ThreadCalls]['result'] {
    switch (call.name) {
      case 'open':
        this.#path = call.args.path;
        this.#file ??= new SqliteFile(call.args.path, call.args.busyMs);
        return { note: this.#file.open() };
      case 'savedAt':
        return this.#opened().savedAtMs();
      case 'rows':
        return this.#rows(call.args.after, call.args.max);
      case 'stage':
        this.#staged.push(call.args.puts as string[]);
        return null;
      case 'write': {
        const puts = this.#staged.flat();
        this.#staged = [];
        this.#opened().write(puts, call.args.removes, call.args.savedAtMs);
        return null;
      }
      case 'forget':
        this.#opened().forget(call.args.numbers);
        return null;
      case 'clear':
        this.#opened().clear();
        return null;
      case 'close':
        this.#file?.close();
        return null;
    }
  }

  #rows(after: number, max: number): ThreadCalls['rows']['result'] {
    const file = this.#opened();
    let note: string | undefined;
    let rows: ReturnType<SqliteFile['rows']>;
    try {
      rows = file.rows(after, max);
    } catch (error) {
      if (!isDamage(error)) throw error;
      note = file.rebuild();
      rows = file.rows(after, max);
    }
    const last = rows.at(-1)?.[0];
    return { flat: rows.flat(), last: typeof last === 'number' ? last : undefined, note };
  }

  #opened(): SqliteFile {
    if (this.#file === undefined) throw new Error('not open');
    return this.#file;
  }
}

const port = parentPort;
if (port !== null) {
  const thread = new SqliteThread();
  port.on('message', (call: ThreadCall) => {
    port.postMessage(thread.answer(call));
    if (call.name === 'close') port.close();
  });
}

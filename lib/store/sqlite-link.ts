import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { RouterError } from '../errors.ts';
import type { ThreadCalls, ThreadReply } from './sqlite-thread.ts';

// `.ts` where the sources run as they are, `.js` in a build.
const THREAD = new URL(`./sqlite-thread${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * Our end of the embedded store's thread: calls answered by promises. The process stays alive for an answer that
 * is due, and for nothing else.
 */
export class SqliteLink {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #calls = 0;
  #closing = false;
  #failure: RouterError | undefined;

  constructor() {
    this.#worker = new Worker(THREAD, {
      name: 'snapshot-store',
      // None of the process's own: it may be a debugger's, or a test's. Node 24 warns that its SQLite is young.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // Every row is garbage soon after; a larger nursery is only more memory that is never given back.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: ThreadReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(undefined);
        resolve();
      });
    });
  }

  /** Whether the thread is gone, and a new link is needed. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Resolves with the answer; rejects with a RouterError `STORE_*`. */
  call<Name extends keyof ThreadCalls>(
    name: Name,
    args: ThreadCalls[Name]['args'],
  ): Promise<ThreadCalls[Name]['result']> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      if (this.#waiting.size === 1) this.#worker.ref();
      this.#worker.postMessage({ id, name, args });
    });
  }

  /** Closes the file and waits for the thread to end. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.call('close', null).catch(() => undefined); // it has failed: then it is ending by itself
    if (this.#failure === undefined) await this.#ended;
  }

  /** Gives up on a thread that does not answer. One that is stuck in the kernel cannot even be ended: not awaited. */
  abandon(reason: RouterError): void {
    this.#fail(reason);
    this.#worker.unref();
    void this.#worker.terminate();
  }

  #settle(reply: ThreadReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    // While closing, the answer that is due is the thread's end.
    if (this.#waiting.size === 0 && !this.#closing) this.#worker.unref();
    if ('fault' in reply) waiting?.reject(new RouterError(reply.fault.code, reply.fault.message));
    else waiting?.resolve(reply.result);
  }

  #fail(cause: unknown): void {
    this.#failure ??=
      cause instanceof RouterError
        ? cause
        : new RouterError('STORE_UNAVAILABLE', 'the thread of the embedded store has ended', { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
  }
}

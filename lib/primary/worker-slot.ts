import cluster, { type Worker } from 'node:cluster';
import type { ToPrimary, ToWorker, TrafficPorts, WorkerStats } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { RespawnBackoff } from './respawn-backoff.ts';

/**
 * `starting`: its code is being loaded, or its place is empty. `syncing`: it takes the table. `ready`: the table is
 * whole. `opening`: it was told to listen.
 */
export type WorkerState = 'starting' | 'syncing' | 'ready' | 'opening' | 'listening' | 'draining';

/** What has accepted connections, or may have. */
const SERVING: ReadonlySet<WorkerState> = new Set(['opening', 'listening', 'draining']);

export interface SlotDeps {
  readonly logger: Logger;
  /** Unix ms. */
  readonly now: () => number;
  readonly random: () => number;
  /** Only of the worker that is in the slot now. */
  readonly onMessage: (slot: WorkerSlot, message: ToPrimary) => void;
  /** A worker is gone, or could not be started (no id). The next is started by the slot itself. */
  readonly onGone: (slot: WorkerSlot, id: number | undefined, lastStats: WorkerStats | undefined) => void;
}

/** At this many quick deaths in a row the loop is called by its name in the log, once. */
const CRASH_LOOP = 3;

/** A place for one worker, filled again when its worker dies. It alone says what state its worker is in. */
export class WorkerSlot {
  readonly index: number;
  #state: WorkerState = 'starting';
  #configured = false;
  #stats: WorkerStats | undefined;
  #startedAtMs = 0;
  #heardAtMs = 0;
  readonly #deps: SlotDeps;
  readonly #backoff: RespawnBackoff;
  #worker: Worker | undefined;
  #respawn: NodeJS.Timeout | undefined;
  #retired = false;

  constructor(index: number, deps: SlotDeps) {
    this.index = index;
    this.#deps = deps;
    this.#backoff = new RespawnBackoff(deps.random);
  }

  /** Of the worker in it: unlike the slot's index never used again. */
  get id(): number | undefined {
    return this.#worker?.id;
  }

  get pid(): number | undefined {
    return this.#worker?.process.pid;
  }

  get vacant(): boolean {
    return this.#worker === undefined;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Whether its worker has accepted connections, or may have. */
  get serving(): boolean {
    return SERVING.has(this.#state);
  }

  /** Whether its worker has been told who it is: before that it takes nothing else. */
  get configured(): boolean {
    return this.#configured;
  }

  /** The last figures of its worker. */
  get stats(): WorkerStats | undefined {
    return this.#stats;
  }

  /** Unix ms. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** Unix ms of its last figures, or of its start. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** Whether its last worker died before it had settled. */
  get failing(): boolean {
    return this.#backoff.quickDeaths > 0;
  }

  fork(): void {
    if (this.#retired) return;
    this.#startedAtMs = this.#deps.now();
    this.#heardAtMs = this.#startedAtMs;
    let worker: Worker;
    try {
      worker = cluster.fork();
    } catch (error) {
      this.#vacate({ error });
      return;
    }
    this.#worker = worker;
    worker.on('message', (message: ToPrimary) => {
      // What a dead worker has still to say may come after its end, when the slot is another's.
      if (this.#worker === worker) this.#deps.onMessage(this, message);
    });
    worker.on('error', (error) => {
      if (worker.process.pid !== undefined) {
        this.#deps.logger.warn('worker-error', { worker: worker.id, error });
        return;
      }
      // For want of processes or descriptors it was never started: no `exit` follows.
      delete cluster.workers?.[worker.id];
      if (this.#worker === worker) this.#vacate({ error });
    });
    worker.once('exit', (code, signal) => this.#vacate({ code, signal }));
  }

  /** Tells its worker, which has just started, who it is and what it has to know. */
  configure(messages: Iterable<ToWorker>): void {
    this.#configured = true;
    for (const message of messages) this.tell(message);
  }

  /** Its worker is there, and can take the table. */
  greeted(): void {
    if (this.#state === 'starting') this.#state = 'syncing';
  }

  /** Its worker has the whole table. */
  synced(): void {
    if (this.#state === 'syncing') this.#state = 'ready';
  }

  /** Has its worker, which is ready, open its listeners. */
  listen(ports: TrafficPorts): void {
    this.#state = 'opening';
    this.tell({ type: 'listen', ports });
  }

  /** Its worker listens. */
  opened(): void {
    if (this.#state === 'opening') this.#state = 'listening';
  }

  /** Has its worker finish what runs, within `timeoutMs`, and end. One that has nothing to finish is killed. */
  drain(timeoutMs: number): void {
    if (this.serving) {
      this.#state = 'draining';
      this.tell({ type: 'drain', timeoutMs });
    } else {
      // It may not even hear us yet.
      this.kill();
    }
  }

  /** Its worker has sent its figures. */
  heard(stats: WorkerStats): void {
    this.#stats = stats;
    this.#heardAtMs = this.#deps.now();
  }

  /** A message to a dying worker is lost with it: its replacement gets the whole table. */
  tell(message: ToWorker): void {
    if (this.#worker?.isConnected() !== true) return;
    this.#worker.process.send?.(message, () => {});
  }

  /** Its worker will be the last. */
  retire(): void {
    this.#retired = true;
    clearTimeout(this.#respawn);
  }

  kill(): void {
    this.#worker?.process.kill('SIGKILL');
  }

  #vacate(death: { code?: number | null; signal?: string | null; error?: unknown }): void {
    const { logger, now, onGone } = this.#deps;
    const { id, pid, stats } = this;
    this.#worker = undefined;
    this.#stats = undefined;
    this.#state = 'starting';
    this.#configured = false;
    if (!this.#retired) {
      const livedMs = now() - this.#startedAtMs;
      const delayMs = this.#backoff.delayMs(livedMs);
      const isLoop = this.#backoff.quickDeaths === CRASH_LOOP;
      logger[isLoop ? 'error' : 'warn'](isLoop ? 'worker-crash-loop' : 'worker-died', {
        worker: id,
        pid,
        ...death,
        lived_ms: livedMs,
        next_start_ms: Math.round(delayMs),
      });
      this.#respawn = setTimeout(() => this.fork(), delayMs);
    }
    onGone(this, id, stats);
  }
}

import cluster, { type Worker } from 'node:cluster';
import type { Config } from '../config/schema.ts';
import { RouterError } from '../errors.ts';
import type { Broadcaster } from '../ipc/broadcaster.ts';
import type { EndpointVerdict, ListenMode, ToPrimary, ToWorker, WorkerStats } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { addCounters, type CounterValues, zeroCounters } from '../request/counters.ts';
import { RespawnBackoff } from './respawn-backoff.ts';

export interface SupervisorDeps {
  readonly count: number;
  /** The worker's root module. */
  readonly exec: string;
  readonly config: Config;
  /** This host's address, for `X-Vcap-Router`. */
  readonly routerIp: string;
  readonly broadcaster: Broadcaster;
  readonly logger: Logger;
  readonly now: () => number;
  readonly random: () => number;
  readonly onEndpointFailed: (key: string, address: string, verdict: EndpointVerdict, error: string) => void;
  /** The number of listening workers changed. */
  readonly onListening: (count: number) => void;
}

export type WorkerState = 'starting' | 'syncing' | 'ready' | 'listening' | 'draining';

/** A place for one worker, filled again when its worker dies. */
interface Slot {
  readonly index: number;
  readonly backoff: RespawnBackoff;
  worker: Worker | undefined;
  state: WorkerState;
  startedAtMs: number;
  stats: WorkerStats | undefined;
  respawn: NodeJS.Timeout | undefined;
}

/** One worker as the status pages show it. */
export interface SupervisedWorker {
  readonly id: number;
  readonly slot: number;
  readonly pid: number;
  readonly state: WorkerState;
  readonly startedAtMs: number;
  readonly stats: WorkerStats | undefined;
}

/** After this many quick deaths in a row the loop is called by its name, in the log. */
const CRASH_LOOP = 3;
const CUT_WITHIN_MS = 1_000;

/** Forks the workers, feeds them the table, opens their listeners, replaces the dead and drains them all. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #slots: Slot[];
  readonly #buried: CounterValues = zeroCounters();
  #port: number | undefined;
  #healthy = false;
  #ending = false;
  /** Whether the table may be sent: not before a snapshot is restored. */
  #feeding = false;
  #opened: { resolve: (port: number) => void; reject: (error: Error) => void } | undefined;
  #ended: (() => void) | undefined;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
    this.#slots = Array.from({ length: deps.count }, (_, index) => ({
      index,
      backoff: new RespawnBackoff(deps.random),
      worker: undefined,
      state: 'starting',
      startedAtMs: 0,
      stats: undefined,
      respawn: undefined,
    }));
  }

  /** Forks all workers. They wait for `feed` and `open`. */
  start(): void {
    // Round-robin would make the primary accept every connection; this policy only matters where workers
    // cannot listen for themselves (no SO_REUSEPORT) and share a handle.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: this.#deps.exec, args: [], serialization: 'advanced' });
    for (const slot of this.#slots) this.#fork(slot);
  }

  /** From now on each worker gets the table as soon as it can take it. */
  feed(): void {
    this.#feeding = true;
    for (const slot of this.#slots) if (slot.state === 'syncing') this.#feedOne(slot);
  }

  /**
   * Opens the listeners as soon as the workers' tables are whole. Resolves with the port when all listen; rejects
   * when one cannot, before any other was told to.
   */
  open(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#opened = { resolve, reject };
      this.#port = port;
      this.#tellListen();
    });
  }

  get listening(): number {
    return this.#slots.filter((slot) => slot.state === 'listening').length;
  }

  get workers(): SupervisedWorker[] {
    return this.#slots.flatMap(({ worker, index, state, startedAtMs, stats }) =>
      worker === undefined
        ? []
        : [{ id: worker.id, slot: index, pid: worker.process.pid ?? 0, state, startedAtMs, stats }],
    );
  }

  /** Sums over the workers, the dead ones included. */
  counters(): CounterValues {
    const total = zeroCounters();
    addCounters(total, this.#buried);
    for (const slot of this.#slots) if (slot.stats !== undefined) addCounters(total, slot.stats.counters);
    return total;
  }

  tellHealth(healthy: boolean): void {
    this.#healthy = healthy;
    this.#tellAll({ type: 'health', healthy });
  }

  reopenLogs(): void {
    this.#tellAll({ type: 'reopen-logs' });
  }

  /** No worker is replaced from now on; resolves when all are gone. Those that overstay are killed. */
  async drain(timeoutMs: number): Promise<void> {
    this.#ending = true;
    for (const slot of this.#slots) {
      clearTimeout(slot.respawn);
      if (slot.worker !== undefined) slot.state = 'draining';
    }
    this.#tellAll({ type: 'drain', timeoutMs });
    // A worker ends itself; this is for one that is stuck.
    const overdue = setTimeout(() => this.kill(), timeoutMs + 5_000);
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      this.#checkEnded();
    });
    clearTimeout(overdue);
  }

  /** Cuts what runs: the workers are told to end at once, and killed when they do not. */
  cut(): void {
    this.#ending = true;
    for (const slot of this.#slots) clearTimeout(slot.respawn);
    this.#tellAll({ type: 'drain', timeoutMs: 0 });
    setTimeout(() => this.kill(), CUT_WITHIN_MS).unref();
  }

  /** Kills all workers. */
  kill(): void {
    this.#ending = true;
    for (const slot of this.#slots) {
      clearTimeout(slot.respawn);
      slot.worker?.process.kill('SIGKILL');
    }
  }

  #fork(slot: Slot): void {
    slot.respawn = undefined;
    slot.state = 'starting';
    slot.stats = undefined;
    slot.startedAtMs = this.#deps.now();
    const worker = cluster.fork();
    slot.worker = worker;
    worker.on('message', (message: ToPrimary) => this.#receive(slot, worker, message));
    worker.on('error', (error) =>
      this.#deps.logger.warn('worker-error', { worker: worker.id, error: error.message }),
    );
    worker.once('exit', (code, signal) => this.#gone(slot, worker, code, signal));
    tell(worker, {
      type: 'configure',
      config: this.#deps.config,
      slot: slot.index,
      workers: this.#deps.count,
      routerIp: this.#deps.routerIp,
    });
    tell(worker, { type: 'health', healthy: this.#healthy });
  }

  #receive(slot: Slot, worker: Worker, message: ToPrimary): void {
    switch (message.type) {
      case 'hello':
        if (slot.state === 'starting') slot.state = 'syncing';
        if (this.#feeding) this.#feedOne(slot);
        return;
      case 'ack':
        this.#deps.broadcaster.acknowledge(worker.id, message);
        return;
      case 'resync':
        this.#deps.broadcaster.resync(worker.id, message.reason);
        return;
      case 'listening':
        this.#listening(slot, message.port, message.mode);
        return;
      case 'listen-failed':
        this.#listenFailed(worker, message.code, message.message);
        return;
      case 'endpoint-failed':
        this.#deps.onEndpointFailed(message.key, message.address, message.verdict, message.error);
        return;
      case 'stats':
        slot.stats = message.stats;
        return;
    }
  }

  #feedOne(slot: Slot): void {
    const { worker } = slot;
    if (worker === undefined) return;
    this.#deps.broadcaster.add(
      worker.id,
      (out) => tell(worker, out),
      () => {
        if (slot.state === 'syncing') slot.state = 'ready';
        this.#tellListen();
      },
    );
  }

  /** Port 0 is for one worker to resolve; the others then take the same. */
  #tellListen(): void {
    const port = this.#port;
    if (port === undefined || this.#ending) return;
    for (const slot of this.#slots) {
      if (slot.state !== 'ready' || slot.worker === undefined) continue;
      if (port === 0 && slot.index !== 0) continue;
      tell(slot.worker, { type: 'listen', port });
    }
  }

  #listening(slot: Slot, port: number, mode: ListenMode): void {
    if (slot.state === 'ready') slot.state = 'listening';
    if (this.#port === 0) {
      this.#port = port;
      this.#tellListen();
    }
    this.#deps.logger.info('worker-listening', {
      worker: slot.worker?.id,
      pid: slot.worker?.process.pid,
      port,
      mode,
    });
    this.#deps.onListening(this.listening);
    if (this.listening === this.#slots.length) {
      this.#opened?.resolve(port);
      this.#opened = undefined;
    }
  }

  #listenFailed(worker: Worker, code: string, message: string): void {
    this.#deps.logger.error('tcp-listener-error', { error: message });
    if (this.#opened !== undefined) {
      this.#opened.reject(new RouterError('LISTEN_FAILED', message));
      this.#opened = undefined;
    } else {
      // A replacement that cannot listen starts over, with backoff: perhaps the port comes free again.
      this.#deps.logger.debug('worker-given-up', { worker: worker.id, code });
      worker.process.kill('SIGKILL');
    }
  }

  #gone(slot: Slot, worker: Worker, code: number | null, signal: string | null): void {
    this.#deps.broadcaster.remove(worker.id);
    if (slot.stats !== undefined) addCounters(this.#buried, slot.stats.counters);
    slot.worker = undefined;
    slot.stats = undefined;
    if (this.#ending) {
      this.#checkEnded();
      return;
    }
    const livedMs = this.#deps.now() - slot.startedAtMs;
    const delayMs = slot.backoff.delayMs(livedMs);
    const { quickDeaths } = slot.backoff;
    this.#deps.logger[quickDeaths >= CRASH_LOOP ? 'error' : 'warn'](
      quickDeaths >= CRASH_LOOP ? 'worker-crash-loop' : 'worker-died',
      {
        worker: worker.id,
        pid: worker.process.pid,
        code,
        signal,
        lived_ms: livedMs,
        next_start_ms: Math.round(delayMs),
      },
    );
    this.#deps.onListening(this.listening);
    slot.state = 'starting';
    slot.respawn = setTimeout(() => this.#fork(slot), delayMs);
  }

  #checkEnded(): void {
    if (this.#slots.every((slot) => slot.worker === undefined)) this.#ended?.();
  }

  #tellAll(message: ToWorker): void {
    for (const slot of this.#slots) if (slot.worker !== undefined) tell(slot.worker, message);
  }
}

/** A message to a dying worker is lost with it: its replacement gets the whole table. */
function tell(worker: Worker, message: ToWorker): void {
  if (!worker.isConnected()) return;
  worker.process.send?.(message, () => {});
}

import cluster from 'node:cluster';
import { timerMs } from '../config/duration.ts';
import type { Config } from '../config/schema.ts';
import type { Broadcaster } from '../ipc/broadcaster.ts';
import type { EndpointVerdict, ToPrimary, ToWorker, TrafficPorts, WorkerStats } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { addCounters, type CounterValues, zeroCounters } from '../request/counters.ts';
import type { Traffic } from '../request/traffic.ts';
import type { FrontTls } from '../tls/front-tls.ts';
import { Briefing } from './briefing.ts';
import { DrainTally } from './drain-tally.ts';
import { LatestBySource } from './latest-by-source.ts';
import { Opening } from './opening.ts';
import { WorkerSlot, type WorkerState } from './worker-slot.ts';

export interface SupervisorDeps {
  readonly count: number;
  /** The worker's root module. */
  readonly exec: string;
  readonly config: Config;
  /** This host's address, for `X-Vcap-Router`. */
  readonly routerIp: string;
  /** Text of the error page; empty = none. */
  readonly errorPage: string;
  readonly broadcaster: Broadcaster;
  /** For what gorouter's `.router` says; what only we have is said by its child. */
  readonly logger: Logger;
  readonly now: () => number;
  readonly random: () => number;
  readonly onEndpointFailed: (key: string, address: string, verdict: EndpointVerdict, error: string) => void;
  /** Requests by app and component since that worker's last report. */
  readonly onTraffic: (traffic: Traffic) => void;
  /** A worker has written what it was to look for, or says why not. */
  readonly onDiagnosed: (id: number, error: string) => void;
  /** The worker in that slot is gone, whatever it was doing. */
  readonly onGone: (slot: number) => void;
  /** The number of listening workers changed. */
  readonly onListening: (count: number) => void;
}

/** One worker as the status pages show it. */
export interface SupervisedWorker {
  readonly id: number;
  readonly slot: number;
  readonly pid: number;
  readonly state: WorkerState;
  readonly startedAtMs: number;
  readonly heardAtMs: number;
  readonly stats: WorkerStats | undefined;
}

/** Longer than a worker takes to cut what runs and to write its last lines. */
const OVERSTAY_MS = 6_500;
const CUT_WITHIN_MS = 2_000;

/**
 * A nursery of 3 times 8 MB: left alone it grows to 3 times 16, and is never given back. With half of this, requests
 * for many hosts cost a fifth more.
 */
const WORKER_HEAP = ['--max-semi-space-size=8'];

/** What has accepted connections, or may have. */
const SERVING: ReadonlySet<WorkerState> = new Set(['opening', 'listening', 'draining']);

/** Forks the workers, feeds them the table, opens their listeners, replaces the dead and drains them all. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #log: Logger;
  readonly #slots: readonly WorkerSlot[];
  readonly #buried: CounterValues = zeroCounters();
  readonly #sources = new LatestBySource();
  readonly #briefing: Briefing;
  readonly #opening: Opening;
  /** Workers that ended although nobody had told them to. */
  deaths = 0;
  #ending = false;
  /** Whether the table may be sent: not before a snapshot is restored. */
  #feeding = false;
  #ended: (() => void) | undefined;
  #tally: DrainTally | undefined;
  #late: NodeJS.Timeout | undefined;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
    this.#log = deps.logger.child('supervisor');
    const slotDeps = {
      logger: this.#log,
      now: deps.now,
      random: deps.random,
      onMessage: (slot: WorkerSlot, message: ToPrimary) => this.#receive(slot, message),
      onGone: (slot: WorkerSlot, id: number | undefined, stats: WorkerStats | undefined) => {
        deps.onGone(slot.index);
        this.#gone(id, stats);
      },
    };
    this.#slots = Array.from({ length: deps.count }, (_, index) => new WorkerSlot(index, slotDeps));
    this.#opening = new Opening(this.#slots);
    const { config, count: workers, routerIp, errorPage } = deps;
    const tellAll = (message: ToWorker): void => this.#tellAll(message);
    this.#briefing = new Briefing({ config, workers, routerIp, errorPage, tellAll });
  }

  /** Forks all workers. They wait for `feed` and `open`. */
  start(): void {
    // Round-robin would make the primary accept every connection; this policy only matters where workers
    // cannot listen for themselves (no SO_REUSEPORT) and share a handle.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: this.#deps.exec,
      args: [],
      serialization: 'advanced',
      execArgv: [...process.execArgv, ...WORKER_HEAP],
    });
    for (const slot of this.#slots) slot.fork();
  }

  /** From now on each worker gets the table as soon as it can take it. */
  feed(): void {
    this.#feeding = true;
    for (const slot of this.#slots) if (slot.state === 'syncing') this.#feedOne(slot);
  }

  /**
   * Opens the listeners as soon as the workers' tables are whole. Resolves with the ports when all listen, but for
   * those that keep dying; rejects with LISTEN_FAILED when one cannot listen.
   */
  open(ports: TrafficPorts): Promise<TrafficPorts> {
    return this.#opening.open(ports);
  }

  get listening(): number {
    return this.#opening.listening;
  }

  get workers(): SupervisedWorker[] {
    return this.#slots.flatMap(({ id, pid = 0, index, state, startedAtMs, heardAtMs, stats }) =>
      id === undefined ? [] : [{ id, slot: index, pid, state, startedAtMs, heardAtMs, stats }],
    );
  }

  /** Sums over the workers, the dead ones included. */
  counters(): CounterValues {
    const total = zeroCounters();
    addCounters(total, this.#buried);
    for (const slot of this.#slots) if (slot.stats !== undefined) addCounters(total, slot.stats.counters);
    return total;
  }

  /** Seconds that the latest request of each app took. */
  get sources(): ReadonlyMap<string, number> {
    return this.#sources.values;
  }

  tellHealth(healthy: boolean): void {
    this.#briefing.health(healthy);
  }

  setLogLevel(level: string): void {
    this.#briefing.logLevel(level);
  }

  /** False when no worker is in that slot. */
  tellOne(slot: number, message: ToWorker): boolean {
    const found = this.#slots[slot];
    if (found === undefined || found.vacant || found.state === 'starting') return false;
    found.tell(message);
    return true;
  }

  /** Other certificates and rules for the HTTPS listeners, and for workers that start later. */
  renewTls(config: Config, tls: FrontTls): void {
    this.#briefing.frontTls(config, tls);
  }

  tellTicketKeys(keys: readonly string[]): void {
    this.#briefing.ticketKeys(keys);
  }

  reopenLogs(): void {
    this.#tellAll({ type: 'reopen-logs' });
  }

  /** No worker is replaced from now on; resolves when all are gone. Those that overstay are killed. */
  async drain(timeoutMs: number): Promise<void> {
    const { logger } = this.#deps;
    this.#end();
    const serving = this.#slots.flatMap((slot) => (SERVING.has(slot.state) ? [slot.id ?? 0] : []));
    this.#tally ??= new DrainTally(serving, (active, idle) => {
      logger.info(`Draining with ${active} outstanding active connections`);
      logger.info(`Draining with ${idle} outstanding idle connections`);
    });
    this.#tellDrain(timeoutMs);
    if (timeoutMs > 0) {
      this.#late = setTimeout(() => {
        logger.info('router.drain.timed-out');
        logger.error('gorouter-draining-error', { error: 'router: Drain timeout' });
      }, timerMs(timeoutMs));
    }
    // A worker ends itself; this is for one that is stuck.
    const overdue = setTimeout(() => this.kill(), timerMs(timeoutMs + OVERSTAY_MS));
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      this.#checkEnded();
    });
    clearTimeout(this.#late);
    clearTimeout(overdue);
  }

  /** Cuts what runs: the workers are told to end at once, and killed when they do not. */
  cut(): void {
    clearTimeout(this.#late);
    this.#end();
    this.#tellDrain(0);
    setTimeout(() => this.kill(), CUT_WITHIN_MS).unref();
  }

  /** Kills all workers. */
  kill(): void {
    this.#end();
    for (const slot of this.#slots) slot.kill();
  }

  #end(): void {
    this.#ending = true;
    this.#opening.end();
    for (const slot of this.#slots) slot.retire();
  }

  #tellDrain(timeoutMs: number): void {
    for (const slot of this.#slots) {
      if (SERVING.has(slot.state)) {
        slot.state = 'draining';
        slot.tell({ type: 'drain', timeoutMs });
      } else {
        // It has nothing to finish, and may not even hear us yet.
        slot.kill();
      }
    }
  }

  #receive(slot: WorkerSlot, message: ToPrimary): void {
    const id = slot.id ?? 0;
    switch (message.type) {
      case 'started':
        this.#configure(slot);
        return;
      case 'hello':
        if (slot.state === 'starting') slot.state = 'syncing';
        if (this.#feeding) this.#feedOne(slot);
        return;
      case 'ack':
        this.#deps.broadcaster.acknowledge(id, message);
        return;
      case 'resync':
        this.#deps.broadcaster.resync(id, message.reason);
        return;
      case 'listening':
        this.#listening(slot, message);
        return;
      case 'listen-failed':
        this.#listenFailed(slot, message.listener, message.message);
        return;
      case 'endpoint-failed':
        this.#deps.onEndpointFailed(message.key, message.address, message.verdict, message.error);
        return;
      case 'stats':
        slot.stats = message.stats;
        slot.heardAtMs = this.#deps.now();
        if (message.stats.sources !== undefined) this.#sources.add(message.stats.sources);
        if (message.stats.traffic !== undefined) this.#deps.onTraffic(message.stats.traffic);
        return;
      case 'diagnosed':
        this.#deps.onDiagnosed(message.id, message.error);
        return;
      case 'draining':
        this.#tally?.add(id, message.active, message.idle);
        return;
    }
  }

  #configure(slot: WorkerSlot): void {
    slot.configured = true;
    for (const message of this.#briefing.messages(slot.index)) slot.tell(message);
  }

  #feedOne(slot: WorkerSlot): void {
    const { id } = slot;
    if (id === undefined) return;
    this.#deps.broadcaster.add(
      id,
      (out) => slot.tell(out),
      () => {
        if (slot.state === 'syncing') slot.state = 'ready';
        this.#opening.next();
      },
    );
  }

  #listening(slot: WorkerSlot, { ports, mode }: Extract<ToPrimary, { type: 'listening' }>): void {
    const { http: port, https: ssl_port } = ports;
    this.#log.info('worker-listening', { worker: slot.id, pid: slot.pid, port, ssl_port, mode });
    this.#opening.opened(slot, ports, mode);
    this.#deps.onListening(this.listening);
  }

  #listenFailed(slot: WorkerSlot, listener: keyof TrafficPorts, message: string): void {
    this.#deps.logger.error(listener === 'http' ? 'tcp-listener-error' : 'tls-listener-error', {
      error: message,
    });
    // A replacement that cannot listen starts over, with backoff: perhaps the port comes free again.
    if (!this.#opening.failed(message)) slot.kill();
  }

  #gone(id: number | undefined, stats: WorkerStats | undefined): void {
    if (id !== undefined) {
      this.#deps.broadcaster.remove(id);
      this.#tally?.add(id);
    }
    if (stats !== undefined) addCounters(this.#buried, stats.counters);
    if (this.#ending) {
      this.#checkEnded();
      return;
    }
    this.deaths += 1;
    this.#deps.onListening(this.listening);
    this.#opening.lost();
  }

  #checkEnded(): void {
    if (this.#slots.every((slot) => slot.vacant)) this.#ended?.();
  }

  #tellAll(message: ToWorker): void {
    // One that is being started is told all of it when it is configured.
    for (const slot of this.#slots) if (slot.configured) slot.tell(message);
  }
}

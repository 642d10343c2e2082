import cluster from 'node:cluster';
import type { Config } from '../config/schema.ts';
import type { Broadcaster } from '../ipc/broadcaster.ts';
import type { EndpointVerdict, ToPrimary, ToWorker, TrafficPorts, WorkerStats } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import type { CounterValues } from '../request/counters.ts';
import type { Traffic } from '../request/traffic.ts';
import type { FrontTls } from '../tls/front-tls.ts';
import { Briefing } from './briefing.ts';
import { Draining } from './draining.ts';
import { Opening } from './opening.ts';
import { WorkerFigures } from './worker-figures.ts';
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

/**
 * How a worker collects its garbage. A nursery of 8 MB from the start: left alone it stays at 1 to 4 for long, since next
 * to nothing survives in it, and each of its collections stops the worker for a quarter of a millisecond; with one of 16,
 * two workers push each other out of the processor's caches. More threads for it only have to be woken. Nor is the whole heap collected because a worker had little to do for a while: on a host
 * whose cores all have their worker, that takes the core from the one it helps for tens of milliseconds, and as like as
 * not just when there is much to do again. One helper thread compiles and marks: four took the core for as long.
 */
const WORKER_HEAP: readonly string[] = [
  '--min-semi-space-size=8',
  '--max-semi-space-size=8',
  '--no-parallel-scavenge',
  '--no-memory-reducer',
  '--v8-pool-size=1',
];

/** Forks the workers, feeds them the table, opens their listeners, replaces the dead and drains them all. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #log: Logger;
  readonly #slots: readonly WorkerSlot[];
  readonly #briefing: Briefing;
  readonly #opening: Opening;
  readonly #draining: Draining;
  readonly #figures: WorkerFigures;
  /** Whether the table may be sent: not before a snapshot is restored. */
  #feeding = false;

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
    this.#draining = new Draining(this.#slots, deps.logger);
    this.#figures = new WorkerFigures(this.#slots);
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
    return this.#figures.counters();
  }

  /** Seconds that the latest request of each app took. */
  get sources(): ReadonlyMap<string, number> {
    return this.#figures.sources;
  }

  /** Workers that ended although nobody had told them to. */
  get deaths(): number {
    return this.#figures.deaths;
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
  drain(timeoutMs: number): Promise<void> {
    this.#opening.end();
    return this.#draining.drain(timeoutMs);
  }

  /** Cuts what runs: the workers are told to end at once, and killed when they do not. */
  cut(): void {
    this.#opening.end();
    this.#draining.cut();
  }

  /** Kills all workers. */
  kill(): void {
    this.#opening.end();
    this.#draining.kill();
  }

  #receive(slot: WorkerSlot, message: ToPrimary): void {
    const id = slot.id ?? 0;
    switch (message.type) {
      case 'started':
        slot.configure(this.#briefing.messages(slot.index));
        return;
      case 'hello':
        slot.greeted();
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
        slot.heard(message.stats);
        this.#figures.heard(message.stats);
        if (message.stats.traffic !== undefined) this.#deps.onTraffic(message.stats.traffic);
        return;
      case 'diagnosed':
        this.#deps.onDiagnosed(message.id, message.error);
        return;
      case 'draining':
        this.#draining.told(id, message.active, message.idle);
        return;
    }
  }

  #feedOne(slot: WorkerSlot): void {
    const { id } = slot;
    if (id === undefined) return;
    this.#deps.broadcaster.add(
      id,
      (out) => slot.tell(out),
      () => {
        slot.synced();
        this.#opening.next();
      },
    );
  }

  #listening(slot: WorkerSlot, { ports, mode }: Extract<ToPrimary, { type: 'listening' }>): void {
    const { http: port, https: ssl_port } = ports;
    this.#log.info('worker-listening', { worker: slot.id, pid: slot.pid, port, ssl_port, mode });
    slot.opened();
    this.#opening.opened(ports, mode);
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
    if (id !== undefined) this.#deps.broadcaster.remove(id);
    if (stats !== undefined) this.#figures.bury(stats);
    this.#draining.gone(id);
    if (this.#draining.begun) return;
    this.#figures.died();
    this.#deps.onListening(this.listening);
    this.#opening.lost();
  }

  #tellAll(message: ToWorker): void {
    // One that is being started is told all of it when it is configured.
    for (const slot of this.#slots) if (slot.configured) slot.tell(message);
  }
}

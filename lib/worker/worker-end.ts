import type { Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { timerMs } from '../config/duration.ts';
import { quietMoment } from './quiet-moment.ts';

/** Listeners and lanes, as far as their end is concerned. */
export interface DrainedTraffic {
  readonly servers: readonly Server[];
  /** No new connections, keep-alive ends; resolves when all connections are gone, tunnels included. */
  drain(): Promise<void>;
  /** Ends tunnels one by one within `ms`. */
  endTunnels(ms: number): void;
  /** Cuts everything. */
  stop(): void;
  figures(): {
    readonly activeRequests: number;
    readonly openConnections: number;
    readonly openTunnels: number;
  };
}

export interface WorkerEndDeps {
  readonly traffic: DrainedTraffic;
  /** Over which tunnels are ended, ms. */
  readonly tunnelSpreadMs: number;
  /** It begins: so many connections have a request running, and so many have none. */
  readonly onBegin: (active: number, idle: number) => void;
  /** All is served, or cut: what is left is to say and write the last, and to exit. */
  readonly onEnd: () => Promise<void>;
}

/** For a listener's queue to be empty for once. */
const QUIET_WITHIN_MS = 200;
const LOOK_EVERY_MS = 50;
/** For what was cut to finish its records. */
const CUT_WITHIN_MS = 500;

/**
 * The end of a worker: refuses new work, lets what runs finish within a time, cuts the rest. Tunnels do not count as
 * running (operations.md 7): they live as long as requests do, and are then ended one by one, since clients whose
 * connections end at the same moment come back at the same moment.
 */
export class WorkerEnd {
  readonly #deps: WorkerEndDeps;
  readonly #cut = new AbortController();
  #deadlineMs = Number.POSITIVE_INFINITY;
  #overdue: NodeJS.Timeout | undefined;
  #ending: Promise<void> | undefined;

  constructor(deps: WorkerEndDeps) {
    this.#deps = deps;
  }

  get begun(): boolean {
    return this.#ending !== undefined;
  }

  /** May be called again: the earlier deadline holds. */
  begin(timeoutMs: number): Promise<void> {
    const deadlineMs = performance.now() + timerMs(timeoutMs);
    if (deadlineMs < this.#deadlineMs) {
      this.#deadlineMs = deadlineMs;
      clearTimeout(this.#overdue);
      this.#overdue = setTimeout(() => this.#cut.abort(), timerMs(timeoutMs));
    }
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    const { traffic, onBegin, onEnd } = this.#deps;
    const { activeRequests, openConnections, openTunnels } = traffic.figures();
    onBegin(activeRequests, Math.max(0, openConnections - openTunnels - activeRequests));
    const listening = traffic.servers.filter((server) => server.listening);
    if (listening.length > 0) await quietMoment(listening, QUIET_WITHIN_MS);
    await Promise.race([traffic.drain(), this.#allServed()]);
    clearTimeout(this.#overdue);
    traffic.stop();
    await this.#recordsFinished();
    await onEnd();
  }

  /** A record is finished some turns after its connection was cut, that of a tunnel later than `drain` resolves. */
  async #recordsFinished(): Promise<void> {
    const { traffic } = this.#deps;
    const deadline = performance.now() + CUT_WITHIN_MS;
    let left: number;
    do {
      await pause(1);
      const { activeRequests, openConnections, openTunnels } = traffic.figures();
      left = activeRequests + openConnections + openTunnels;
    } while (left > 0 && performance.now() < deadline);
  }

  /** Resolves when no request runs and the tunnels have had their time, or when all time is up. */
  async #allServed(): Promise<void> {
    const { traffic, tunnelSpreadMs } = this.#deps;
    const { signal } = this.#cut;
    let tunnelsUntil: number | undefined;
    while (!signal.aborted) {
      const { activeRequests, openConnections, openTunnels } = traffic.figures();
      const served = activeRequests === 0 && openConnections <= openTunnels;
      const now = performance.now();
      const left = Math.max(0, this.#deadlineMs - now);
      if (tunnelsUntil === undefined && (served || left <= tunnelSpreadMs)) {
        const spread = Math.min(tunnelSpreadMs, left);
        tunnelsUntil = now + spread;
        traffic.endTunnels(spread);
      }
      if (served && (openTunnels === 0 || now >= (tunnelsUntil ?? now))) return;
      await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => {}); // aborted: time is up
    }
  }
}

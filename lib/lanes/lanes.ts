import type { Server, Socket } from 'node:net';
import { FastLane } from './fast/fast-lane.ts';
import { GeneralLane } from './general/general-lane.ts';
import type { LaneDeps, LaneFigures } from './lane.ts';

/** The lanes of a worker as one: what the fast lane does not serve goes on to the general one. */
export class Lanes {
  readonly #general: GeneralLane;
  readonly #fast: FastLane | undefined;

  /** `fast`: false sends everything through the general lane. */
  constructor(deps: LaneDeps, fast: boolean) {
    const general = new GeneralLane(deps);
    this.#general = general;
    this.#fast = fast
      ? new FastLane({ ...deps, handOver: (socket) => general.handleConnection(socket) })
      : undefined;
  }

  /** To listen with. */
  get server(): Server {
    return this.#fast?.server ?? this.#general.server;
  }

  /** Takes over a connection that somebody else accepted; bytes read from it already are to be unshifted before. */
  handleConnection(socket: Socket): void {
    if (this.#fast === undefined) this.#general.handleConnection(socket);
    else this.#fast.accept(socket, false);
  }

  figures(): LaneFigures {
    const general = this.#general.figures();
    const fast = this.#fast?.figures();
    if (fast === undefined) return general;
    return {
      activeRequests: general.activeRequests + fast.activeRequests,
      openConnections: general.openConnections + fast.openConnections,
      openTunnels: general.openTunnels + fast.openTunnels,
      idleEndpointConnections: general.idleEndpointConnections + fast.idleEndpointConnections,
    };
  }

  /** Refuses new connections, finishes what runs. Resolves when all connections are gone. */
  async drain(): Promise<void> {
    // Both at once; until the fast lane is empty it may still hand over.
    await this.#general.drain(this.#fast?.drain());
  }

  /** While draining: ends tunnels one by one within `ms`, those that open meanwhile included. */
  endTunnels(ms: number): void {
    this.#general.endTunnels(ms);
  }

  /** Cuts everything. Safe to call twice. */
  stop(): void {
    this.#fast?.stop();
    this.#general.stop();
  }
}

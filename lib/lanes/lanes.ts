import type { Server, Socket } from 'node:net';
import { EndpointLinks } from './fast/endpoint-links.ts';
import { FastLane } from './fast/fast-lane.ts';
import { GeneralLane } from './general/general-lane.ts';
import { HttpDate } from './http-date.ts';
import { Http2Lane } from './http2/http2-lane.ts';
import type { LaneDeps, LaneFigures } from './lane.ts';

/** The lanes of a worker as one: what the fast lane does not serve goes on to the general one. */
export class Lanes {
  readonly #general: GeneralLane;
  readonly #fast: FastLane | undefined;
  readonly #http2: Http2Lane;
  readonly #connections: EndpointLinks;

  /** `fast`: false sends all of HTTP/1 through the general lane. */
  constructor(deps: LaneDeps, fast: boolean) {
    const general = new GeneralLane(deps);
    const connections = new EndpointLinks(deps.endpoints, deps.settings.maxResponseHeaderBytes);
    const shared = { ...deps, connections, date: new HttpDate() };
    this.#general = general;
    this.#connections = connections;
    this.#fast = fast
      ? new FastLane({ ...shared, handOver: (socket) => general.handleConnection(socket) })
      : undefined;
    this.#http2 = new Http2Lane(shared);
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

  /** Takes over a connection on which HTTP/2 was agreed. */
  handleHttp2(socket: Socket, tls: boolean): void {
    this.#http2.accept(socket, tls);
  }

  figures(): LaneFigures {
    const all = [this.#general.figures(), this.#http2.figures()];
    if (this.#fast !== undefined) all.push(this.#fast.figures());
    const sum = (figure: keyof LaneFigures): number => all.reduce((total, lane) => total + lane[figure], 0);
    return {
      activeRequests: sum('activeRequests'),
      openConnections: sum('openConnections'),
      openTunnels: sum('openTunnels'),
      idleEndpointConnections: sum('idleEndpointConnections') + this.#connections.idleCount,
    };
  }

  /** Refuses new connections, finishes what runs. Resolves when all connections are gone. */
  async drain(): Promise<void> {
    // All at once; until the fast lane is empty it may still hand over.
    const fast = this.#fast?.drain();
    await Promise.all([this.#http2.drain(), this.#general.drain(fast)]);
    this.#connections.drain();
  }

  /** While draining: ends tunnels one by one within `ms`, those that open meanwhile included. */
  endTunnels(ms: number): void {
    this.#general.endTunnels(ms);
  }

  /** Cuts everything. Safe to call twice. */
  stop(): void {
    this.#fast?.stop();
    this.#http2.stop();
    this.#general.stop();
    this.#connections.stop();
  }
}

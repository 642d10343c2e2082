import type { Socket } from 'node:net';
import type { ClientOrigin } from '../request/client-origin.ts';
import { EndpointLinks } from './fast/endpoint-links.ts';
import { FastLane } from './fast/fast-lane.ts';
import { GeneralLane } from './general/general-lane.ts';
import { HttpDate } from './http-date.ts';
import { Http2Lane } from './http2/http2-lane.ts';
import type { LaneDeps, LaneFigures } from './lane.ts';

/** The lanes of a worker as one: what the fast lane does not serve goes on to the general one. */
export class Lanes {
  /** Application protocols for a TLS listener to offer (RFC 7301), the preferred first. */
  readonly protocols: readonly string[] = ['h2', 'http/1.1'];
  readonly #general: GeneralLane;
  readonly #fast: FastLane | undefined;
  readonly #http2: Http2Lane;
  readonly #connections: EndpointLinks;

  /** `fast`: false sends all of HTTP/1 through the general lane. */
  constructor(deps: LaneDeps, fast: boolean) {
    const connections = new EndpointLinks(deps.endpoints, deps.settings.maxResponseHeaderBytes);
    const shared = { ...deps, connections, date: new HttpDate() };
    const general = new GeneralLane(shared);
    this.#general = general;
    this.#connections = connections;
    this.#fast = fast
      ? new FastLane({ ...shared, handOver: (socket, origin) => general.accept(socket, origin) })
      : undefined;
    this.#http2 = new Http2Lane(shared);
  }

  /**
   * Serves a connection that is established; bytes read from it already are to be unshifted before. `protocol` is what
   * its TLS handshake agreed on, if anything.
   */
  accept(socket: Socket, origin: ClientOrigin, protocol: string | undefined): void {
    if (protocol === 'h2') this.#http2.accept(socket, origin);
    else if (this.#fast === undefined) this.#general.accept(socket, origin);
    else this.#fast.accept(socket, origin);
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

  /** Finishes what runs. Resolves when all connections are gone, and no more can come, which is when `noMore` resolves. */
  async drain(noMore: Promise<void> = Promise.resolve()): Promise<void> {
    // All at once; until the fast lane is empty it may still hand over.
    const fast = this.#fast?.drain(noMore) ?? noMore;
    await Promise.all([this.#http2.drain(noMore), this.#general.drain(fast)]);
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

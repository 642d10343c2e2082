import type { Socket } from 'node:net';
import type { Answer } from '../../request/answer.ts';
import type { ClientOrigin } from '../../request/client-origin.ts';
import type { HttpDate } from '../http-date.ts';
import type { LaneDeps, LaneFigures } from '../lane.ts';
import { LaneClients } from '../lane-clients.ts';
import { logPanic } from '../panic.ts';
import { ClientLink, type ClientLinkDeps } from './client-link.ts';
import { adopt, DirectReads, owned } from './direct-reads.ts';
import { CHUNK_LIMITS, type EndpointLinks } from './endpoint-links.ts';
import { FastExchange, type FastExchangeDeps } from './fast-exchange.ts';

export interface FastLaneDeps extends LaneDeps {
  /** Takes a connection of which something was read that this lane does not serve. */
  readonly handOver: (socket: Socket, origin: ClientOrigin) => void;
  readonly connections: EndpointLinks;
  readonly date: HttpDate;
}

/** A connection idle for this long while draining has most likely no request on its way to us. */
const DRAIN_IDLE_MS = 1_000;

/**
 * The lane for the ordinary HTTP/1.1 request: sockets and a codec of our own, because node's HTTP costs four times as
 * much. It takes only what it understands to the last byte, and hands all else over, connection and bytes.
 */
export class FastLane {
  readonly #clients: LaneClients<ClientLink>;
  readonly #linkDeps: ClientLinkDeps;
  readonly #exchangeDeps: FastExchangeDeps;

  constructor(deps: FastLaneDeps) {
    const { front, endpoints, counters } = deps;
    const clients: LaneClients<ClientLink> = new LaneClients({
      counters,
      limits: [front.idleTimeoutMs, front.headTimeoutMs, endpoints.endpointTimeoutMs],
      bodyRate: front.bodyRate,
      uploaders: () => clients,
      onDrainTick: (now) => {
        for (const link of clients) if (link.idleFor(now, DRAIN_IDLE_MS)) link.linger();
      },
    });
    this.#clients = clients;
    const draining = (): boolean => clients.draining;
    const date = (): string => deps.date.now();
    this.#exchangeDeps = {
      ...deps,
      endpointTimeoutMs: endpoints.endpointTimeoutMs,
      draining,
      date,
      onClosed: () => clients.requestEnded(),
    };
    this.#linkDeps = {
      head: { maxBytes: front.maxHeaderBytes, maxFields: 0 },
      chunks: CHUNK_LIMITS,
      idleMs: front.idleTimeoutMs,
      headMs: front.headTimeoutMs,
      draining,
      date,
      serve: (link, request) => {
        const exchange = new FastExchange(this.#exchangeDeps, link, request);
        clients.requestBegun();
        link.attach(exchange);
        exchange.run();
      },
      handOver: (link, unread) =>
        clients.handOver(link, () => {
          link.socket.unshift(owned(unread, 0, unread.length));
          deps.handOver(link.socket, link.origin);
        }),
      refused: (answer: Answer) => {
        if (answer.status >= 400) counters.badRequests += 1;
      },
      panicked: (error) => logPanic(deps.logger, '', error),
      closed: (link) => clients.closed(link),
    };
  }

  /** Serves a connection that is established, with TLS or without. */
  accept(socket: Socket, origin: ClientOrigin): void {
    const reads = new DirectReads();
    const direct = origin.tls ? undefined : adopt(socket, reads);
    if (direct === undefined) socket.resume();
    const link =
      direct === undefined
        ? new ClientLink(socket, origin, this.#linkDeps)
        : new ClientLink(direct, origin, this.#linkDeps, reads);
    this.#clients.add(link);
  }

  figures(): LaneFigures {
    return this.#clients.figures();
  }

  /**
   * Ends keep-alive: answers say `Connection: close`, and a connection is closed once nothing came on it for a while,
   * since one that is closed at once can cross with a request. Resolves when all are gone and no more can come, which
   * is when `noMore` resolves.
   */
  drain(noMore: Promise<void>): Promise<void> {
    return this.#clients.drain(noMore);
  }

  /** Cuts everything. Safe to call twice. */
  stop(): void {
    this.#clients.stop();
  }
}

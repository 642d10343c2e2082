import type { Socket } from 'node:net';
import type { ClientOrigin } from '../../request/client-origin.ts';
import type { EndpointLinks } from '../fast/endpoint-links.ts';
import { FastExchange, type FastExchangeDeps } from '../fast/fast-exchange.ts';
import type { HttpDate } from '../http-date.ts';
import type { LaneDeps, LaneFigures } from '../lane.ts';
import { LaneClients } from '../lane-clients.ts';
import { logPanic } from '../panic.ts';
import { ClientSession, type ClientSessionDeps } from './client-session.ts';
import type { ClientStream } from './client-stream.ts';

export interface Http2LaneDeps extends LaneDeps {
  readonly connections: EndpointLinks;
  readonly date: HttpDate;
}

/** What a connection that came in the last moment gets while draining: time for its first requests. */
const LAST_MOMENT_MS = 1_000;

/** The lane for clients that speak HTTP/2: the codec of our own in front, the exchange of the fast lane behind. */
export class Http2Lane {
  readonly #sessions: LaneClients<ClientSession>;
  readonly #sessionDeps: ClientSessionDeps;

  constructor(deps: Http2LaneDeps) {
    const { front, endpoints, counters, logger } = deps;
    const uploads = front.bodyRate === undefined ? undefined : new Set<ClientStream>();
    const sessions = new LaneClients<ClientSession>({
      counters,
      limits: [front.idleTimeoutMs, endpoints.http2EndpointTimeoutMs],
      bodyRate: front.bodyRate,
      uploaders: () => uploads ?? [],
      onDrain: () => {
        for (const session of [...sessions]) session.end();
      },
    });
    this.#sessions = sessions;
    const exchangeDeps: FastExchangeDeps = {
      ...deps,
      endpointTimeoutMs: endpoints.http2EndpointTimeoutMs,
      draining: () => false, // told by GOAWAY, once for all
      date: () => deps.date.now(),
      onClosed: () => sessions.requestEnded(),
    };
    this.#sessionDeps = {
      idleMs: front.idleTimeoutMs,
      serve: (stream, request) => {
        const exchange = new FastExchange(exchangeDeps, stream, request);
        sessions.requestBegun();
        stream.attach(exchange);
        exchange.run();
      },
      refused: (answer) => {
        if (answer.status >= 400) counters.badRequests += 1;
      },
      closed: (session) => sessions.closed(session),
      watch: (stream) => {
        sessions.watch(stream);
        uploads?.add(stream);
      },
      unwatch: (stream) => {
        sessions.unwatch(stream);
        uploads?.delete(stream);
      },
      panicked: (error) => logPanic(logger, '', error),
      date: () => deps.date.now(),
    };
  }

  /** Serves a connection on which HTTP/2 was agreed. */
  accept(socket: Socket, origin: ClientOrigin): void {
    const session = new ClientSession(socket, origin, this.#sessionDeps);
    this.#sessions.add(session);
    if (this.#sessions.draining) setTimeout(() => session.end(), LAST_MOMENT_MS).unref();
  }

  figures(): LaneFigures {
    return this.#sessions.figures();
  }

  /**
   * Has clients take their next requests elsewhere, and finishes what runs. Resolves when all connections are gone and no
   * more can come, which is when `noMore` resolves.
   */
  drain(noMore: Promise<void>): Promise<void> {
    return this.#sessions.drain(noMore);
  }

  /** Cuts everything. Safe to call twice. */
  stop(): void {
    this.#sessions.stop();
  }
}

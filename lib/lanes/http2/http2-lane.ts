import type { Socket } from 'node:net';
import type { ClientOrigin } from '../../request/client-origin.ts';
import { BodyRateGuard } from '../body-rate.ts';
import { Draining } from '../draining.ts';
import { Deadlines } from '../fast/deadlines.ts';
import type { EndpointLinks } from '../fast/endpoint-links.ts';
import { FastExchange, type FastExchangeDeps } from '../fast/fast-exchange.ts';
import type { HttpDate } from '../http-date.ts';
import type { LaneDeps, LaneFigures } from '../lane.ts';
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
  readonly #sessions = new Set<ClientSession>();
  readonly #deadlines: Deadlines;
  readonly #sessionDeps: ClientSessionDeps;
  readonly #deps: Http2LaneDeps;
  #bodyRate: BodyRateGuard | undefined;
  #uploads: Set<ClientStream> | undefined;
  #activeRequests = 0;
  readonly #draining = new Draining({
    isEmpty: () => this.#sessions.size === 0,
    onBegin: () => {
      for (const session of [...this.#sessions]) session.end();
    },
  });

  constructor(deps: Http2LaneDeps) {
    this.#deps = deps;
    const { front, endpoints, counters, logger } = deps;
    this.#deadlines = new Deadlines([front.idleTimeoutMs, endpoints.http2EndpointTimeoutMs], () => {});
    const exchangeDeps: FastExchangeDeps = {
      ...deps,
      endpointTimeoutMs: endpoints.http2EndpointTimeoutMs,
      draining: () => false, // told by GOAWAY, once for all
      date: () => deps.date.now(),
      onClosed: () => {
        this.#activeRequests -= 1;
      },
    };
    this.#sessionDeps = {
      idleMs: front.idleTimeoutMs,
      serve: (stream, request) => {
        const exchange = new FastExchange(exchangeDeps, stream, request);
        this.#activeRequests += 1;
        stream.attach(exchange);
        exchange.run();
      },
      refused: (answer) => {
        if (answer.status >= 400) counters.badRequests += 1;
      },
      closed: (session) => {
        this.#sessions.delete(session);
        this.#deadlines.remove(session);
        counters.connectionsClosed += 1;
        this.#draining.check();
      },
      watch: (stream) => {
        this.#deadlines.add(stream);
        this.#uploads?.add(stream);
      },
      unwatch: (stream) => {
        this.#deadlines.remove(stream);
        this.#uploads?.delete(stream);
      },
      panicked: (error) => logPanic(logger, '', error),
      date: () => deps.date.now(),
    };
    this.#deadlines.start();
    if (front.bodyRate !== undefined) {
      const uploads = new Set<ClientStream>();
      this.#uploads = uploads;
      this.#bodyRate = new BodyRateGuard(front.bodyRate, () => uploads);
    }
  }

  /** Serves a connection on which HTTP/2 was agreed. */
  accept(socket: Socket, origin: ClientOrigin): void {
    const session = new ClientSession(socket, origin, this.#sessionDeps);
    this.#sessions.add(session);
    this.#deadlines.add(session);
    this.#deps.counters.connectionsOpened += 1;
    if (this.#draining.begun) setTimeout(() => session.end(), LAST_MOMENT_MS).unref();
  }

  figures(): LaneFigures {
    return {
      activeRequests: this.#activeRequests,
      openConnections: this.#sessions.size,
      openTunnels: 0,
      idleEndpointConnections: 0,
    };
  }

  /**
   * Has clients take their next requests elsewhere, and finishes what runs. Resolves when all connections are gone and no
   * more can come, which is when `noMore` resolves.
   */
  drain(noMore: Promise<void>): Promise<void> {
    return this.#draining.begin(noMore);
  }

  /** Cuts everything. Safe to call twice. */
  stop(): void {
    this.#deadlines.stop();
    this.#bodyRate?.stop();
    for (const session of [...this.#sessions]) session.destroy();
  }
}

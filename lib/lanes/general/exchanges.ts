import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SoundRequest } from '../../request/sound-request.ts';
import { isWebSocket } from '../../request/upgrade.ts';
import type { ConnectionPool } from '../connection-pool.ts';
import type { EndpointLinks } from '../fast/endpoint-links.ts';
import { FastExchange, type FastExchangeDeps } from '../fast/fast-exchange.ts';
import type { HttpDate } from '../http-date.ts';
import type { LaneDeps } from '../lane.ts';
import { logPanic } from '../panic.ts';
import { ChosenRoute } from './chosen-route.ts';
import type { ClientConnection } from './client-connection.ts';
import type { EndpointConnection } from './endpoint-connection.ts';
import { Exchange, type ExchangeDeps, type SwitchHandler } from './exchange.ts';
import { Forwarder } from './forwarder.ts';
import { NodeClient } from './node-client.ts';

export interface ExchangesDeps extends LaneDeps {
  /** To endpoints that speak HTTP/1.1. */
  readonly connections: ConnectionPool<EndpointConnection>;
  /** To those that may speak HTTP/2. */
  readonly http2Connections: EndpointLinks;
  readonly date: HttpDate;
  readonly draining: () => boolean;
}

/**
 * Runs each request as the exchange that its endpoints and its upgrade ask for: http-proxy-3 does not speak HTTP/2, and
 * an upgrade has a time limit of its own.
 */
export class Exchanges {
  readonly #deps: ExchangesDeps;
  readonly #plain: ExchangeDeps;
  readonly #upgrade: ExchangeDeps;
  readonly #webSocket: ExchangeDeps;
  readonly #http2: FastExchangeDeps;

  constructor(deps: ExchangesDeps) {
    this.#deps = deps;
    this.#plain = {
      states: deps.states,
      connections: deps.connections,
      settings: deps.settings,
      counters: deps.counters,
      logger: deps.logger,
      onEndpointFailed: deps.onEndpointFailed,
      endpointTimeoutMs: deps.endpoints.endpointTimeoutMs,
      now: deps.now,
      random: deps.random,
      forwarder: new Forwarder(),
      draining: deps.draining,
      onFinished: deps.onFinished,
    };
    this.#upgrade = { ...this.#plain, dialTimeoutMs: deps.endpoints.websocketDialTimeoutMs };
    // A WebSocket is meant to last, and so is the wait for it.
    this.#webSocket = { ...this.#upgrade, endpointTimeoutMs: 0 };
    this.#http2 = {
      ...this.#plain,
      table: deps.table,
      healthy: deps.healthy,
      connections: deps.http2Connections,
      date: () => deps.date.now(),
      onClosed: () => {},
    };
  }

  /** Never throws. `leave` is called when the request is over, and `onSwitch` when it becomes a tunnel. */
  run(
    req: IncomingMessage,
    res: ServerResponse,
    client: ClientConnection,
    request: SoundRequest,
    leave: () => void,
    onSwitch: SwitchHandler | undefined,
  ): void {
    const route = new ChosenRoute(request, this.#deps);
    try {
      if (route.leadsToHttp2) {
        const side = new NodeClient(req, res, client, request.framing, leave);
        const exchange = new FastExchange(this.#http2, side, request);
        side.attach(exchange);
        exchange.run();
      } else {
        const deps = this.#depsFor(request.upgrade);
        new Exchange(deps, req, res, client, request, route, leave, onSwitch).run();
      }
    } catch (error) {
      logPanic(this.#deps.logger, request.route.host, error);
      client.socket.destroy();
      leave();
    }
  }

  #depsFor(upgrade: string | undefined): ExchangeDeps {
    if (upgrade === undefined) return this.#plain;
    return isWebSocket(upgrade) ? this.#webSocket : this.#upgrade;
  }
}

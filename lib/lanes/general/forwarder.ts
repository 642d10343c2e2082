import type { Agent, ClientRequest, IncomingMessage, InformationEvent, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { createProxyServer, type ProxyServer } from 'http-proxy-3';
import type { EndpointConnection } from './endpoint-connection.ts';

/** The request as it goes to the endpoint. */
export interface Outbound {
  /** Byte for byte what follows the method. */
  readonly target: string;
  /** Name, value, name, value, ... : all of the head, framing included. */
  readonly headers: readonly string[];
  /** Where the body comes from when it is not the client's request itself. */
  readonly body: Readable | undefined;
  /** Bytes of the response head at which the parser gives up. */
  readonly largestHead: number;
}

/** What becomes of a forwarded request. Nothing is told before `forward` has returned. */
export interface ForwardEvents {
  /** The request has its socket; the head goes out with the first bytes of the body, or with `flushHeaders`. */
  began(request: ClientRequest): void;
  /** A 1xx other than 101. */
  information(info: InformationEvent): void;
  /** The response head. */
  response(response: IncomingMessage): void;
  /** 101 with an upgrade, which nobody asked for; the connection is no longer HTTP. */
  switched(): void;
  /** The connection or the answer on it broke, perhaps after `response`. May be told more than once. */
  failed(error: Error): void;
}

/** Sends requests over connections that exist already, through http-proxy-3. */
export class Forwarder {
  readonly #proxy: ProxyServer;
  readonly #events = new WeakMap<IncomingMessage, ForwardEvents>();

  constructor() {
    this.#proxy = createProxyServer({});
    this.#proxy.on('proxyReq', (request, req) => {
      const events = this.#events.get(req);
      if (events === undefined) return;
      request.on('information', (info) => events.information(info));
      // Without a listener node would close the socket and tell nobody.
      request.on('upgrade', (_response, socket) => {
        socket.on('error', () => {}); // it is being destroyed: nothing is lost
        socket.destroy();
        events.switched();
      });
      events.began(request);
    });
    this.#proxy.on('proxyRes', (response, req) => this.#events.get(req)?.response(response));
    // Errors go to the callback of each request; this keeps a stray one from ending the process.
    this.#proxy.on('error', () => {});
  }

  /** Throws when the head cannot be written (an invalid field); the connection is unused then. */
  forward(
    req: IncomingMessage,
    res: ServerResponse,
    connection: EndpointConnection,
    outbound: Outbound,
    keepAlive: boolean,
    events: ForwardEvents,
  ): void {
    this.#events.set(req, events);
    // http-proxy-3 reads and edits this object for its own head, which we do not use: see outgoingOptions.
    req.headers = {};
    this.#proxy.web(
      req,
      res,
      {
        target: { protocol: 'http:', host: 'endpoint', port: 80 },
        agent: connectionAgent(connection, keepAlive),
        ssl: outgoingOptions(outbound),
        selfHandleResponse: true,
        toProxy: true,
        ...(outbound.body === undefined ? {} : { buffer: outbound.body }),
      },
      (error) => events.failed(error),
    );
  }
}

/**
 * An agent with one connection, connected already. http.request asks it for a socket before it returns, so that
 * failing to connect and sending a request are two steps, and only the first is repeated with a body.
 */
export function connectionAgent(connection: EndpointConnection, keepAlive: boolean): Agent {
  const agent = {
    keepAlive,
    maxSockets: Number.POSITIVE_INFINITY,
    addRequest(request: ClientRequest): void {
      request.maxHeadersCount = 0; // unlimited: node would cut the list at 2,000 without a word
      request.onSocket(connection.socket);
    },
  };
  // http.request asks no more of an agent than that it has addRequest.
  return agent as unknown as Agent;
}

/**
 * The object that http-proxy-3 completes and hands to http.request, with `headers` and `path` that it cannot set.
 *
 * What it would make of them: duplicates folded into one line, names in lower case, a bare `?` dropped, Trailer
 * lost, and DELETE or OPTIONS without Content-Length given `Content-Length: 0`, which cuts a chunked body off.
 * A flat list is written by http.request as it is, in order; setting fields one by one on the request instead would
 * still join Cookie lines and move equal names together.
 */
function outgoingOptions(outbound: Outbound): object {
  return {
    setDefaultHeaders: false,
    maxHeaderSize: outbound.largestHead,
    insecureHTTPParser: false,
    get headers(): readonly string[] {
      return outbound.headers;
    },
    set headers(_: unknown) {},
    get path(): string {
      return outbound.target;
    },
    set path(_: unknown) {},
  };
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Answer, isAnswer } from '../../request/answer.ts';
import type { ClientOrigin } from '../../request/client-origin.ts';
import { requestFraming } from '../../request/framing.ts';
import { requestHost } from '../../request/host.ts';
import { hasToken } from '../../request/request-head.ts';
import { upgradeToken } from '../../request/upgrade.ts';
import { BodyRateGuard } from '../body-rate.ts';
import { ConnectionPool } from '../connection-pool.ts';
import { Draining } from '../draining.ts';
import type { EndpointLinks } from '../fast/endpoint-links.ts';
import type { HttpDate } from '../http-date.ts';
import type { LaneDeps, LaneFigures } from '../lane.ts';
import { sendAnswer } from './answer-writer.ts';
import { ClientConnection } from './client-connection.ts';
import { DetachedClient } from './detached-client.ts';
import { EndpointConnection } from './endpoint-connection.ts';
import { Exchanges } from './exchanges.ts';
import { HeldSocket } from './held-socket.ts';
import { incomingHead } from './incoming-head.ts';
import { LastWords } from './last-words.ts';
import { createNodeServer } from './node-server.ts';
import { refusalText } from './refusals.ts';
import { RequestBody } from './request-body.ts';
import { soundRequest } from './sound-request.ts';
import { Tunnels } from './tunnels.ts';
import type { Switched } from './upgrade-request.ts';

/** A connection idle for this long while draining has most likely no request on its way to us. */
const DRAIN_IDLE_MS = 1_000;
const DRAIN_SWEEP_MS = 100;

export interface GeneralLaneDeps extends LaneDeps {
  /** For endpoints that may speak HTTP/2. */
  readonly connections: EndpointLinks;
  readonly date: HttpDate;
}

/**
 * The lane for everything: node's HTTP server in front, http-proxy-3 behind. Transport only; what is done with a
 * request is decided by the policies.
 */
export class GeneralLane {
  /** Never listens: it is given connections. */
  readonly #server: Server;
  readonly #deps: GeneralLaneDeps;
  readonly #connections: ConnectionPool<EndpointConnection>;
  readonly #exchanges: Exchanges;
  readonly #lastWords: LastWords;
  readonly #bodyRate: BodyRateGuard | undefined;
  readonly #clients = new Map<Socket, ClientConnection>();
  /** Of connections that are about to be given to the server. */
  readonly #origins = new WeakMap<Socket, ClientOrigin>();
  /** Requests behind which node loses bytes. */
  readonly #last = new WeakSet<IncomingMessage>();
  #activeRequests = 0;
  readonly #tunnels: Tunnels;
  readonly #draining = new Draining({
    isEmpty: () => this.#clients.size === 0 && this.#activeRequests === 0,
    onBegin: () => {
      this.#sweep = setInterval(() => this.#closeIdle(), DRAIN_SWEEP_MS);
    },
    onEnd: () => {
      clearInterval(this.#sweep);
      this.#connections.drain();
    },
  });
  #sweep: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(deps: GeneralLaneDeps) {
    this.#deps = deps;
    this.#tunnels = new Tunnels(deps.random);
    this.#connections = new ConnectionPool(deps.endpoints, {
      make: (socket, times, idleMs, owner) => new EndpointConnection(socket, times, idleMs, owner),
    });
    this.#exchanges = new Exchanges({
      ...deps,
      connections: this.#connections,
      http2Connections: deps.connections,
      draining: () => this.#draining.begun,
    });
    const { front, counters } = deps;
    this.#lastWords = new LastWords(counters);
    this.#server = createNodeServer(front, (req) => this.#handsOver(req));
    this.#server.on('connection', (socket: Socket) => this.#connected(socket));
    this.#server.on('request', (req, res) => this.#request(req, res));
    this.#server.on('checkContinue', (req, res) => this.#request(req, res));
    this.#server.on('checkExpectation', (req, res) => this.#request(req, res));
    this.#server.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
    this.#server.on('connect', (req, socket, head) => this.#connect(req, socket, head));
    this.#server.on('clientError', (error, socket) =>
      this.#lastWords.unreadable(error, socket as Socket, this.#clients.get(socket as Socket)),
    );
    if (front.bodyRate !== undefined) {
      this.#bodyRate = new BodyRateGuard(front.bodyRate, () => this.#clients.values());
    }
  }

  /** Takes over a connection that somebody else accepted; bytes read from it already are to be unshifted before. */
  accept(socket: Socket, origin: ClientOrigin): void {
    this.#origins.set(socket, origin);
    this.#server.emit('connection', socket);
    // It may come paused, and node's server does not look.
    socket.resume();
  }

  figures(): LaneFigures {
    return {
      activeRequests: this.#activeRequests,
      openConnections: this.#clients.size,
      openTunnels: this.#tunnels.size,
      idleEndpointConnections: this.#connections.idleCount,
    };
  }

  /**
   * Ends keep-alive: answers say `Connection: close`, and a connection is closed once nothing came on it for a while,
   * since one that is closed at once can cross with a request. Resolves when all connections are gone, tunnels
   * included, and no more can come, which is when `noMore` resolves; who does not want to wait calls stop().
   */
  drain(noMore: Promise<void>): Promise<void> {
    return this.#draining.begin(noMore);
  }

  /** Ends tunnels one by one within `ms`, those that open meanwhile included. */
  endTunnels(ms: number): void {
    this.#tunnels.endWithin(ms);
  }

  /** Cuts everything. Safe to call twice. */
  stop(): void {
    if (!this.#stopped) {
      this.#stopped = true;
      this.#server.close();
      clearInterval(this.#sweep);
      this.#bodyRate?.stop();
    }
    for (const socket of [...this.#clients.keys()]) socket.destroy();
    this.#connections.stop();
  }

  #connected(socket: Socket): void {
    if (this.#clients.has(socket)) return; // comes back after a refused upgrade
    const origin = this.#origins.get(socket);
    if (origin === undefined) throw new Error('a connection that was not accepted');
    const client = new ClientConnection(socket, origin, (slow) => this.#lastWords.bodyTooSlow(slow));
    this.#clients.set(socket, client);
    this.#deps.counters.connectionsOpened += 1;
    socket.on('error', ignore); // node does not listen to one that it has handed over; `close` follows
    socket.on('close', () => {
      this.#clients.delete(socket);
      this.#deps.counters.connectionsClosed += 1;
      this.#draining.check();
    });
    if (this.#stopped) socket.destroy();
  }

  #request(req: IncomingMessage, res: ServerResponse): void {
    const client = this.#clients.get(req.socket);
    if (client === undefined || client.refused) {
      req.socket.destroy();
      return;
    }
    client.enter(() => this.#serve(req, res, client, undefined, undefined));
  }

  /**
   * Whether node is to hand over the socket of a request that names an upgrade: asked before the events that follow.
   * A yes says nothing about the upgrade. On a no node loses the bytes that came behind the request, so it is only
   * said where a body comes first, and the answer is then the last on its connection.
   */
  #handsOver(req: IncomingMessage): boolean {
    const client = this.#clients.get(req.socket);
    if (client === undefined) return false;
    const framing = requestFraming(incomingHead(req, client.origin));
    const bodiless =
      !isAnswer(framing) && (framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0));
    if (bodiless) return true;
    this.#last.add(req);
    return false;
  }

  #upgrade(req: IncomingMessage, duplex: Duplex, head: Buffer): void {
    const { socket } = req;
    const client = this.#clients.get(socket);
    if (client === undefined || client.refused || duplex !== socket) {
      duplex.destroy();
      return;
    }
    this.#inTurn(client, head, (early) => this.#upgradeNow(req, client, early));
  }

  /** Runs `serve` when the answers before it are written, with what came behind the request meanwhile. */
  #inTurn(client: ClientConnection, head: Buffer, serve: (early: Buffer) => void): void {
    if (!client.busy) {
      client.enter(() => serve(head));
      return;
    }
    const held = new HeldSocket(client.socket, head, () => client.answering);
    client.enter(() => serve(held.release()));
  }

  #upgradeNow(req: IncomingMessage, client: ClientConnection, head: Buffer): void {
    const { socket } = client;
    const incoming = incomingHead(req, client.origin);
    const detached = new DetachedClient(req, socket, head, (early) => {
      if (early.length > 0) socket.unshift(early);
      // Only now: a request in the early bytes must find the connection free.
      process.nextTick(() => {
        if (socket.destroyed) return;
        this.#server.emit('connection', socket);
        socket.resume();
      });
    });
    const token = upgradeToken(incoming, this.#deps.settings.upgradeProtocols);
    if (hasToken(incoming.headers, 'connection', 'close')) detached.res.shouldKeepAlive = false;
    this.#serve(req, detached.res, client, token, detached);
  }

  #connect(req: IncomingMessage, duplex: Duplex, head: Buffer): void {
    const { socket } = req;
    const client = this.#clients.get(socket);
    if (client === undefined || client.refused) {
      duplex.destroy();
      return;
    }
    const verdict = requestHost(incomingHead(req, client.origin));
    // CONNECT names a host and port of the client's choice: no route table, no tunnel.
    if (!isAnswer(verdict)) {
      duplex.destroy();
      return;
    }
    this.#deps.counters.badRequests += 1;
    this.#inTurn(client, head, () => this.#lastWords.refuse(client, refusalText(verdict)));
  }

  #serve(
    req: IncomingMessage,
    res: ServerResponse,
    client: ClientConnection,
    upgrade: string | undefined,
    detached: DetachedClient | undefined,
  ): void {
    this.#activeRequests += 1;
    client.answering = res;
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      this.#activeRequests -= 1;
      client.leave();
      this.#draining.check();
    };
    const sound = soundRequest(req, client.origin, upgrade, this.#last.has(req));
    if (isAnswer(sound)) {
      this.#deps.counters.badRequests += sound.status >= 400 ? 1 : 0;
      this.#answerUnlogged(req, res, client, sound, leave);
      return;
    }
    const onSwitch =
      detached === undefined
        ? undefined
        : (switched: Switched, head: string): Promise<void> => {
            const early = detached.release();
            this.#activeRequests -= 1;
            this.#deps.counters.tunnelsOpened += 1;
            client.socket.write(head, 'latin1');
            if (switched.firstBytes.length > 0) client.socket.write(switched.firstBytes);
            if (early.length > 0) switched.socket.write(early);
            return this.#tunnels.join(client.socket, switched.socket).then(() => {
              this.#deps.counters.tunnelsClosed += 1;
              this.#activeRequests += 1; // taken back by leave()
            });
          };
    this.#exchanges.run(req, res, client, sound, leave, onSwitch);
  }

  /** Before the handlers: no record, no request id, and no Date on a refusal (http.md 1). */
  #answerUnlogged(
    req: IncomingMessage,
    res: ServerResponse,
    client: ClientConnection,
    answer: Answer,
    leave: () => void,
  ): void {
    req.on('error', ignore);
    res.on('error', ignore);
    res.once('close', leave);
    res.sendDate = answer.status === 200 || answer.status === 417;
    if (answer.close) client.linger();
    sendAnswer(res, answer, answer.close || this.#draining.begun || this.#last.has(req));
    new RequestBody(req, { kind: 'chunked' }, client, undefined).discard();
  }

  /** While draining: ends connections on which nothing is under way, as far as one can know from this side. */
  #closeIdle(): void {
    const now = performance.now();
    for (const client of this.#clients.values()) {
      if (!client.idleFor(now, DRAIN_IDLE_MS)) continue;
      client.refused = true; // what comes after our end could not be answered, so it must not be done either
      client.linger();
      client.socket.destroySoon();
    }
  }
}

function ignore(): void {}

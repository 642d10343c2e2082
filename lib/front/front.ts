import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../log/logger.ts';
import { OncePerSecond } from '../log/once-per-second.ts';
import type { ClientOrigin } from '../request/client-origin.ts';
import type { FrontTls } from '../tls/front-tls.ts';
import { addressOf, addressText, type ClientAddress } from './address.ts';
import { ProxyDoor } from './proxy-door.ts';
import { SessionTickets } from './session-tickets.ts';
import { TlsDoor } from './tls-door.ts';

export interface ListenerSettings {
  /** Whether there is a listener without TLS. */
  readonly plain: boolean;
  /** Undefined = there is no listener with TLS. */
  readonly tls: FrontTls | undefined;
  /** Whether connections may begin with a header of the PROXY protocol. */
  readonly proxyProtocol: boolean;
  /** For a whole TLS handshake, ms. */
  readonly handshakeTimeoutMs: number;
}

export interface FrontDeps {
  /** What the TLS listener offers by ALPN; none = nothing. */
  readonly protocols: readonly string[];
  /** Takes a connection on which a request may come. `protocol`: agreed on by ALPN. */
  readonly accept: (socket: Socket, origin: ClientOrigin, protocol: string | undefined) => void;
  readonly logger: Logger;
}

const KEEP_ALIVE_PROBE_MS = 15_000;
/** For handshakes that are under way when no new connections are taken any more. */
const DRAIN_WITHIN_MS = 3_000;

/** Where clients come in: the listeners of a worker, and what stands between them and the lanes. */
export class Front {
  /** To listen with; undefined when there is no such listener. */
  readonly http: Server | undefined;
  readonly https: Server | undefined;
  readonly #deps: FrontDeps;
  readonly #settings: ListenerSettings;
  /** Connections that no lane has yet. */
  readonly #entering = new Map<Socket, ClientAddress>();
  readonly #admitted = new OncePerSecond(() => performance.now());
  readonly #tickets = new SessionTickets();
  #door: TlsDoor | undefined;
  #draining: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  #late: NodeJS.Timeout | undefined;

  /** Throws what OpenSSL says of a certificate, key or cipher list that it does not take. */
  constructor(settings: ListenerSettings, deps: FrontDeps) {
    this.#settings = settings;
    this.#deps = deps;
    // Paused, so that whoever serves a connection decides how it is read.
    if (settings.plain) {
      const enter = (socket: Socket, address: ClientAddress): void => this.#enterPlain(socket, address);
      this.http = listener(true, this.#entrance(enter));
    }
    if (settings.tls === undefined) return;
    this.#door = this.#makeDoor(settings.tls);
    const enter = (socket: Socket, address: ClientAddress): void => this.#enterTls(socket, address);
    this.https = listener(false, this.#entrance(enter));
  }

  get servers(): readonly Server[] {
    return [this.http, this.https].filter((server) => server !== undefined);
  }

  /** Connections that are still at the door. */
  get enteringCount(): number {
    return this.#entering.size;
  }

  /** Other certificates and rules for the connections that come from now on. Throws as the constructor does. */
  renew(tls: FrontTls): void {
    if (this.#door !== undefined) this.#door = this.#makeDoor(tls);
  }

  /** Keys of session tickets, base64 of 48 bytes each, the newest first. */
  useTicketKeys(keys: readonly string[]): void {
    this.#tickets.use(keys);
  }

  /** Stops listening. Resolves when no connection can reach a lane any more. */
  drain(): Promise<void> {
    this.#draining ??= new Promise((resolve) => {
      this.#drained = resolve;
      for (const server of this.servers) if (server.listening) server.close();
      this.#late = setTimeout(() => this.#cut(), DRAIN_WITHIN_MS);
      this.#checkDrained();
    });
    return this.#draining;
  }

  /** Cuts what is at the door. Safe to call twice. */
  stop(): void {
    for (const server of this.servers) server.close();
    this.#cut();
  }

  #cut(): void {
    for (const socket of this.#entering.keys()) socket.destroy();
  }

  /** What is done with an accepted connection before `enter`, which gets it and where it comes from. */
  #entrance(enter: (socket: Socket, address: ClientAddress) => void): (socket: Socket) => void {
    if (!this.#settings.proxyProtocol) return (socket) => enter(socket, addressOf(socket));
    const door = new ProxyDoor({
      onEntered: (socket, source) => enter(socket, source ?? this.#addressOf(socket)),
      onFailed: (socket, reason) => {
        this.#refused('proxy-header-error', socket, reason);
        this.#entered(socket);
      },
    });
    return (socket) => {
      this.#entering.set(socket, addressOf(socket));
      door.admit(socket);
    };
  }

  #enterPlain(socket: Socket, { ip, port }: ClientAddress): void {
    this.#deps.accept(socket, { ip, port, tls: false, certificate: '' }, undefined);
    if (this.#settings.proxyProtocol) this.#entered(socket);
  }

  #enterTls(socket: Socket, address: ClientAddress): void {
    this.#entering.set(socket, address);
    this.#door?.admit(socket);
  }

  #makeDoor(tls: FrontTls): TlsDoor {
    return new TlsDoor(tls, {
      protocols: this.#deps.protocols,
      handshakeTimeoutMs: this.#settings.handshakeTimeoutMs,
      onSecured: (raw, { socket, protocol, certificate }) => {
        const { ip, port } = this.#addressOf(raw);
        this.#deps.accept(socket, { ip, port, tls: true, certificate }, protocol);
        this.#entered(raw);
      },
      onFailed: (raw, { reason, invalidSubject }) => {
        this.#refused('tls-handshake-error', raw, reason);
        if (invalidSubject !== undefined && this.#admitted.admit('invalid-subject') !== undefined) {
          this.#deps.logger.warn('invalid-subject', { ...invalidSubject });
        }
        this.#entered(raw);
      },
      tickets: this.#tickets,
    });
  }

  /** Whoever reaches the port can cause these lines: one a second is enough. */
  #refused(message: string, raw: Socket, error: string): void {
    const heldBack = this.#admitted.admit(message);
    if (heldBack === undefined) return;
    const client = addressText(this.#addressOf(raw));
    const others = heldBack === 0 ? {} : { held_back: heldBack };
    this.#deps.logger.info(message, { client, error, ...others });
  }

  #addressOf(raw: Socket): ClientAddress {
    return this.#entering.get(raw) ?? addressOf(raw);
  }

  #entered(socket: Socket): void {
    this.#entering.delete(socket);
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#drained === undefined || this.#entering.size > 0) return;
    clearTimeout(this.#late);
    this.#drained();
  }
}

function listener(pauseOnConnect: boolean, accept: (socket: Socket) => void): Server {
  const server = createServer({
    pauseOnConnect,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
  });
  server.on('connection', accept);
  return server;
}

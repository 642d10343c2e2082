import type { OnReadOpts, Socket } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { Endpoint } from '../routes/endpoint.ts';
import { type DialTimes, dial } from './dial.ts';
import {
  type ConnectionOwner,
  EndpointConnections,
  type PooledConnection,
  type PoolTotals,
} from './endpoint-connections.ts';
import { IdleLimits } from './idle-limits.ts';

/** Limits and trust of the connections to endpoints (contract: http.md 10 and 15, tls.md 5). */
export interface EndpointConnectionSettings {
  /** Name lookup and TCP connect; 0 = no limit. */
  readonly dialTimeoutMs: number;
  readonly tlsHandshakeTimeoutMs: number;
  /** Bounds one endpoint's idle connections, as `maxIdlePerHost` does; 0 = no bound of its own. */
  readonly maxIdle: number;
  readonly maxIdlePerHost: number;
  readonly idleTimeoutMs: number;
  /** One connection for each request. */
  readonly disableKeepAlives: boolean;
  /** 0 or less = no TCP keep-alive probes. */
  readonly keepAliveProbeMs: number;
  /** PEM texts, trusted beside the system's. */
  readonly ca: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  /** OpenSSL's cipher list; node's own when absent. */
  readonly ciphers?: string;
}

/** A connection that was just made. */
export interface DialledSocket {
  readonly socket: Socket;
  readonly times: DialTimes;
}

/** What a lane's connections need to read in another way than by the socket's `data`. */
export interface ReadsOf {
  readonly options: OnReadOpts;
}

/** Makes a lane's kind of connection over a socket. `reads`: where its bytes come from, when not as `data`. */
export type MakeConnection<C, R extends ReadsOf> = (
  socket: Socket,
  times: DialTimes,
  idleTimeoutMs: number,
  owner: ConnectionOwner<C>,
  reads: R | undefined,
) => C;

export interface ConnectionPoolOptions<C, R extends ReadsOf> {
  readonly make: MakeConnection<C, R>;
  /** For each plain connection, when it is not to be read by `data`. */
  readonly newReads?: () => R;
  /** Called once for each connection made. */
  readonly onClosed?: (connection: C) => void;
}

/** The connections to endpoints, idle ones and those in use. */
export class ConnectionPool<C extends PooledConnection, R extends ReadsOf = ReadsOf> {
  readonly #settings: EndpointConnectionSettings;
  readonly #options: ConnectionPoolOptions<C, R>;
  readonly #idleLimits: IdleLimits;
  /** Of those endpoints that have any. */
  readonly #endpoints = new Map<string, EndpointConnections<C>>();
  readonly #totals: PoolTotals<C>;
  #secureContext: SecureContext | undefined;

  constructor(settings: EndpointConnectionSettings, options: ConnectionPoolOptions<C, R>) {
    this.#settings = settings;
    this.#options = options;
    this.#idleLimits = new IdleLimits(settings.idleTimeoutMs);
    const { maxIdle, maxIdlePerHost, disableKeepAlives } = settings;
    this.#totals = {
      maxIdle: disableKeepAlives ? 0 : maxIdle > 0 ? Math.min(maxIdle, maxIdlePerHost) : maxIdlePerHost,
      open: new Set(),
      stopped: false,
      idle: 0,
      emptied: (key) => this.#endpoints.delete(key),
      idleEnded: (key, idleMs) => this.#idleLimits.closed(key, idleMs, performance.now()),
      closed: options.onClosed,
    };
  }

  get idleCount(): number {
    return this.#totals.idle;
  }

  get openCount(): number {
    return this.#totals.open.size;
  }

  /** Whether a connection may serve more than one request at all. */
  get keepAlive(): boolean {
    return this.#totals.maxIdle > 0;
  }

  /** An idle connection that looks alive, or undefined. */
  takeIdle(endpoint: Endpoint): C | undefined {
    return this.#endpoints.get(connectionKey(endpoint))?.take();
  }

  /** A new connection. Rejects as `dial` does. */
  async dial(
    endpoint: Endpoint,
    signal: AbortSignal,
    dialTimeoutMs = this.#settings.dialTimeoutMs,
  ): Promise<C> {
    const reads = endpoint.tls ? undefined : this.#options.newReads?.();
    const dialled = await this.open(endpoint, signal, { dialTimeoutMs, reads });
    return this.adopt(endpoint, dialled, reads);
  }

  /** A socket that is nobody's yet, `protocols` offered to a TLS endpoint. Rejects as `dial` does. */
  open(
    endpoint: Endpoint,
    signal: AbortSignal,
    options: {
      readonly protocols?: string[];
      readonly dialTimeoutMs?: number;
      readonly reads?: R | undefined;
    },
  ): Promise<DialledSocket> {
    const { dialTimeoutMs, tlsHandshakeTimeoutMs, keepAliveProbeMs } = this.#settings;
    const settings = {
      dialTimeoutMs: options.dialTimeoutMs ?? dialTimeoutMs,
      tlsHandshakeTimeoutMs,
      keepAliveProbeMs,
      secureContext: () => this.#trust(),
      protocols: options.protocols,
      onread: options.reads?.options,
    };
    return dial(endpoint, settings, signal);
  }

  /** Makes a socket from `open` a connection of the pool. */
  adopt(endpoint: Endpoint, { socket, times }: DialledSocket, reads?: R): C {
    const key = connectionKey(endpoint);
    let owner = this.#endpoints.get(key);
    if (owner === undefined) {
      owner = new EndpointConnections(key, this.#totals);
      this.#endpoints.set(key, owner);
    }
    const idleMs = this.#idleLimits.of(key, performance.now());
    const connection = this.#options.make(socket, times, idleMs, owner, reads);
    owner.opened(connection);
    if (this.#totals.stopped) connection.destroy();
    return connection;
  }

  /** Closes the idle ones. Those in use close when their exchange ends. */
  drain(): void {
    for (const connections of [...this.#endpoints.values()]) connections.drain();
  }

  /** Closes all. Safe to call twice. */
  stop(): void {
    this.#totals.stopped = true;
    this.drain();
    for (const connection of [...this.#totals.open]) connection.destroy();
  }

  // Made once, and late: reading the system's certificates costs tens of ms that a router without TLS
  // endpoints never pays.
  #trust(): SecureContext {
    const { ca, cert, key, ciphers } = this.#settings;
    this.#secureContext ??= createSecureContext({
      ca: [...getCACertificates('system'), ...ca],
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ...(cert !== undefined && key !== undefined ? { cert, key } : {}),
      ...(ciphers !== undefined ? { ciphers } : {}),
    });
    return this.#secureContext;
  }
}

/** Connections are shared only where the name that was proven is the same too (tls.md 5). */
export function connectionKey(endpoint: Endpoint): string {
  return endpoint.tls ? `${endpoint.address} ${endpoint.serverCertDomainSan}` : endpoint.address;
}

import type { OnReadOpts, Socket } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { Endpoint } from '../routes/endpoint.ts';
import { type DialTimes, dial } from './dial.ts';
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

/** A connection as its pool sees it. */
export interface PooledConnection {
  readonly key: string;
  /** Whether it can be leased again, as far as this side can know. */
  readonly usable: boolean;
  lease(): void;
  destroy(): void;
}

/** What a connection tells its pool. */
export interface ConnectionOwner<C> {
  /** Whole exchanges are behind it and it can carry another. */
  released(connection: C): void;
  /** The endpoint closed it while it was idle, for `idleMs` by then. */
  idleEnded(connection: C, idleMs: number): void;
  closed(connection: C): void;
}

/** What a lane's connections need to read in another way than by the socket's `data`. */
export interface ReadsOf {
  readonly options: OnReadOpts;
}

/** Makes a lane's kind of connection over a socket. `reads`: where its bytes come from, when not as `data`. */
export type MakeConnection<C, R extends ReadsOf> = (
  key: string,
  socket: Socket,
  times: DialTimes,
  idleTimeoutMs: number,
  owner: ConnectionOwner<C>,
  reads: R | undefined,
) => C;

/**
 * The connections to endpoints: idle ones by endpoint, the last used first out, so that a quiet time lets the
 * surplus grow old and close.
 */
export class ConnectionPool<C extends PooledConnection, R extends ReadsOf = ReadsOf>
  implements ConnectionOwner<C>
{
  readonly #settings: EndpointConnectionSettings;
  readonly #make: MakeConnection<C, R>;
  readonly #newReads: (() => R) | undefined;
  readonly #maxIdle: number;
  readonly #idleLimits: IdleLimits;
  readonly #idle = new Map<string, C[]>();
  readonly #open = new Set<C>();
  #secureContext: SecureContext | undefined;
  #idleCount = 0;
  #stopped = false;

  /** `newReads`: for each plain connection, when it is not to be read by `data`. */
  constructor(settings: EndpointConnectionSettings, make: MakeConnection<C, R>, newReads?: () => R) {
    this.#settings = settings;
    this.#newReads = newReads;
    this.#make = make;
    this.#idleLimits = new IdleLimits(settings.idleTimeoutMs);
    const { maxIdle, maxIdlePerHost, disableKeepAlives } = settings;
    this.#maxIdle = disableKeepAlives ? 0 : maxIdle > 0 ? Math.min(maxIdle, maxIdlePerHost) : maxIdlePerHost;
  }

  get idleCount(): number {
    return this.#idleCount;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Whether a connection may serve more than one request at all. */
  get keepAlive(): boolean {
    return this.#maxIdle > 0;
  }

  /** An idle connection that looks alive, or undefined. */
  takeIdle(endpoint: Endpoint): C | undefined {
    const idle = this.#idle.get(connectionKey(endpoint));
    if (idle === undefined) return undefined;
    for (;;) {
      const connection = idle.pop();
      if (connection === undefined) return undefined;
      this.#idleCount -= 1;
      if (connection.usable) {
        connection.lease();
        return connection;
      }
      connection.destroy();
    }
  }

  /** A new connection. Rejects as `dial` does. */
  async dial(
    endpoint: Endpoint,
    signal: AbortSignal,
    dialTimeoutMs = this.#settings.dialTimeoutMs,
  ): Promise<C> {
    const reads = endpoint.tls ? undefined : this.#newReads?.();
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
    const idleMs = this.#idleLimits.of(key, performance.now());
    const connection = this.#make(key, socket, times, idleMs, this, reads);
    this.#open.add(connection);
    if (this.#stopped) connection.destroy();
    return connection;
  }

  released(connection: C): void {
    const idle = this.#idle.get(connection.key);
    if (this.#stopped || (idle?.length ?? 0) >= this.#maxIdle) {
      connection.destroy();
      return;
    }
    if (idle) idle.push(connection);
    else this.#idle.set(connection.key, [connection]);
    this.#idleCount += 1;
  }

  idleEnded(connection: C, idleMs: number): void {
    this.#idleLimits.closed(connection.key, idleMs, performance.now());
  }

  closed(connection: C): void {
    this.#open.delete(connection);
    const idle = this.#idle.get(connection.key);
    if (idle === undefined) return;
    const at = idle.indexOf(connection);
    if (at !== -1) {
      idle.splice(at, 1);
      this.#idleCount -= 1;
    }
    // An empty list is kept while connections come and go, and given up with the last that closes idle.
    if (idle.length === 0) this.#idle.delete(connection.key);
  }

  /** Closes the idle ones. Those in use close when their exchange ends. */
  drain(): void {
    const idle = [...this.#idle.values()].flat();
    this.#idle.clear();
    this.#idleCount = 0;
    for (const connection of idle) connection.destroy();
  }

  /** Closes all. Safe to call twice. */
  stop(): void {
    this.#stopped = true;
    this.drain();
    for (const connection of [...this.#open]) connection.destroy();
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

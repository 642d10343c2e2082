import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { RouterError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { ListenerTls, SecureServer } from './secure-server.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface StatusListenerConfig {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** How long a request may take to come, and an answer to go. */
  readonly limitMs: number;
  /** How long an answer may take, where that is longer. */
  readonly answerLimitMs?: number;
  readonly log: Logger;
  /** Plain HTTP when absent. */
  readonly tls?: ListenerTls;
  /** Gets the path, without the query. */
  readonly handle: (path: string, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
}

/** Anybody may connect to the health port: enough for every load balancer, too few to run out of descriptors. */
const MAX_CONNECTIONS = 1024;

/** One listening address of the status servers. */
export class StatusListener {
  readonly #config: StatusListenerConfig;
  #server: Server | SecureServer | undefined;
  /** The server of HTTP/2 cannot cut those that are open. */
  readonly #sockets = new Set<Socket>();

  constructor(config: StatusListenerConfig) {
    this.#config = config;
  }

  /** Rejects with LISTEN_FAILED in gorouter's words (operations.md 6). */
  async start(): Promise<ListenAddress> {
    const { host, port, log } = this.#config;
    const server = await this.#createServer();
    server.maxConnections = MAX_CONNECTIONS;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException): void =>
        reject(
          new RouterError('LISTEN_FAILED', `listen tcp ${hostPort(host, port)}: ${goText(cause)}`, { cause }),
        );
      server.once('error', failed);
      server.listen({ host, port }, () => {
        server.off('error', failed);
        resolve();
      });
    });
    this.#server = server;
    server.on('error', (error) => log.error('status-server-error', { error }));
    return { host, port: (server.address() as AddressInfo).port };
  }

  /** Other certificates and rules, for the connections that come from now on. Throws on unusable ones. */
  renewTls(options: TlsOptions): void {
    if (this.#server !== undefined && 'setSecureContext' in this.#server) {
      this.#server.setSecureContext(options);
    }
  }

  /** Cuts what is open. May be called twice, or before start. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server?.listening !== true) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  async #createServer(): Promise<Server | SecureServer> {
    const { limitMs, tls } = this.#config;
    const limits = {
      requestTimeout: limitMs,
      headersTimeout: limitMs,
      keepAliveTimeout: limitMs,
      connectionsCheckingInterval: Math.min(1000, limitMs / 4),
    };
    const serve = (request: IncomingMessage, response: ServerResponse): void =>
      this.#serve(request, response);
    if (tls === undefined) return createServer(limits, serve);
    // HTTP/2 alone takes longer to load than all else of the status servers.
    const { createSecureServer } = await import('./secure-server.ts');
    return createSecureServer(tls, limits, serve);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { limitMs, answerLimitMs = limitMs, log, handle } = this.#config;
    const limit = setTimeout(() => response.destroy(), answerLimitMs);
    limit.unref();
    response.on('close', () => clearTimeout(limit));
    // The client left in the middle of the answer; there is nobody to tell.
    response.on('error', () => {});
    const failed = (error: unknown): void => {
      log.error('status-request-failed', { error, path: request.url ?? '' });
      response.destroy();
    };
    try {
      Promise.resolve(handle(pathOf(request.url ?? ''), request, response)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** The path of a request target in origin or absolute form. */
function pathOf(target: string): string {
  return /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?]*)?([^?]*)/.exec(target)?.[1] ?? '';
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const GO_TEXTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'bind: address already in use',
  EACCES: 'bind: permission denied',
  EADDRNOTAVAIL: 'bind: cannot assign requested address',
  ENOTFOUND: 'lookup: no such host',
};

function goText(error: NodeJS.ErrnoException): string {
  return GO_TEXTS[error.code ?? ''] ?? error.message;
}

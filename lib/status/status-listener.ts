import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RouterError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';

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
  readonly log: Logger;
  /** Gets the path, without the query. */
  readonly handle: (path: string, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
}

/** Anybody may connect to the health port: enough for every load balancer, too few to run out of descriptors. */
const MAX_CONNECTIONS = 1024;

/** One listening address of the status servers. */
export class StatusListener {
  readonly #config: StatusListenerConfig;
  readonly #server: Server;

  constructor(config: StatusListenerConfig) {
    this.#config = config;
    const { limitMs } = config;
    this.#server = createServer(
      {
        requestTimeout: limitMs,
        headersTimeout: limitMs,
        keepAliveTimeout: limitMs,
        connectionsCheckingInterval: Math.min(1000, limitMs / 4),
      },
      (request, response) => this.#serve(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Rejects with LISTEN_FAILED in gorouter's words (operations.md 6). */
  async start(): Promise<ListenAddress> {
    const { host, port } = this.#config;
    const server = this.#server;
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
    server.on('error', (error) => this.#config.log.error('status-server-error', { error }));
    return { host, port: (server.address() as AddressInfo).port };
  }

  /** Cuts what is open. May be called twice, or before start. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { limitMs, log, handle } = this.#config;
    const limit = setTimeout(() => response.destroy(), limitMs);
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

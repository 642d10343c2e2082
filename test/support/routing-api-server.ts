import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type KeyPair, makeCa, makeCert } from './certificates.ts';
import { until } from './until.ts';

export interface ApiRouteJson {
  readonly route: string;
  readonly port: number;
  readonly ip: string;
  readonly ttl?: number;
  readonly log_guid?: string;
  readonly modification_tag?: { readonly guid: string; readonly index: number };
}

interface Certificates {
  readonly ca: KeyPair;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

/**
 * Plays the routing API (with client certificates) and the UAA (without) on loopback, over TLS. What it answers may be
 * changed at any time.
 */
export class RoutingApiServer {
  routes: readonly unknown[] | null = [];
  /** Of tokens that it gives out: the number of the token follows. */
  expiresInS = 600;
  /** Answer of the list, the events or the token server, when it is not 200. */
  listStatus = 200;
  eventsStatus = 200;
  tokenStatus = 200;
  tokensGiven = 0;
  listed = 0;
  /** Last Authorization of each path. */
  readonly seen = new Map<string, string>();
  readonly bodies: string[] = [];
  readonly certificates: Certificates;
  /** Tokens that are good. Undefined: all. */
  accepts: ((token: string) => boolean) | undefined;
  apiPort = 0;
  uaaPort = 0;
  readonly #streams = new Set<ServerResponse>();
  #subscriptions = 0;

  private constructor(certificates: Certificates) {
    this.certificates = certificates;
  }

  static async start(closing: (close: () => unknown) => void): Promise<RoutingApiServer> {
    const ca = await makeCa();
    const [server, client] = await Promise.all([
      makeCert({ ca, cn: 'routing-api', san: ['DNS:localhost', 'IP:127.0.0.1'] }),
      makeCert({ ca, cn: 'router', client: true }),
    ]);
    const api = new RoutingApiServer({ ca, server, client });
    const mutual = createServer(
      { ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: true },
      (request, response) => api.#api(request, response),
    );
    const uaa = createServer({ ...server }, (request, response) => void api.#uaa(request, response));
    api.apiPort = await listen(closing, mutual);
    api.uaaPort = await listen(closing, uaa);
    return api;
  }

  /** How often a stream was begun. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  async subscribed(times = 1): Promise<void> {
    await until(() => this.#subscriptions >= times && this.#streams.size > 0, `${times} subscriptions`);
  }

  send(event: 'Upsert' | 'Delete' | 'Other', data: unknown): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: ${text}\n\n`);
  }

  endStreams(): void {
    for (const stream of this.#streams) stream.end();
  }

  #api(request: IncomingMessage, response: ServerResponse): void {
    const authorization = request.headers.authorization ?? '';
    const path = request.url ?? '';
    this.seen.set(path, authorization);
    if (this.accepts !== undefined && !this.accepts(authorization.replace('bearer ', ''))) {
      response.writeHead(401).end('{"name":"UnauthorizedError","message":"Token is expired"}');
    } else if (path === '/routing/v1/routes') {
      this.listed += 1;
      response.writeHead(this.listStatus).end(JSON.stringify(this.routes));
    } else if (path === '/routing/v1/events') {
      this.#subscriptions += 1;
      response.writeHead(this.eventsStatus, { 'content-type': 'text/event-stream' });
      if (this.eventsStatus !== 200) {
        response.end();
        return;
      }
      response.flushHeaders();
      this.#streams.add(response);
      response.once('close', () => this.#streams.delete(response));
    } else response.writeHead(404).end();
  }

  async #uaa(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.seen.set(request.url ?? '', request.headers.authorization ?? '');
    let body = '';
    for await (const chunk of request) body += String(chunk);
    this.bodies.push(body);
    if (this.tokenStatus !== 200) {
      response.writeHead(this.tokenStatus).end('{"error":"unauthorized"}');
      return;
    }
    this.tokensGiven += 1;
    const token = { access_token: `token-${this.tokensGiven}`, expires_in: this.expiresInS };
    response.end(JSON.stringify(token));
  }
}

async function listen(closing: (close: () => unknown) => void, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing(async () => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

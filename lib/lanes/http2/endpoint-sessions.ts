import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Endpoint } from '../../routes/endpoint.ts';
import { connectionKey, type DialledSocket } from '../connection-pool.ts';
import type { EndpointSide } from '../exchange-sides.ts';
import type { Deadlines } from '../fast/deadlines.ts';
import { EndpointSession, type EndpointSessionDeps } from './endpoint-session.ts';

/** What is offered to an endpoint that may speak HTTP/2 (contract: tls.md 5). */
const PROTOCOLS = ['h2', 'http/1.1'];

export interface EndpointSessionsDeps {
  readonly idleMs: number;
  /** Whether a connection may serve more than one request at all. */
  readonly keepAlive: boolean;
  readonly deadlines: Deadlines;
  /** A socket that is nobody's yet. Rejects as `dial` does. */
  readonly open: (endpoint: Endpoint, signal: AbortSignal, protocols: string[]) => Promise<DialledSocket>;
  /** The endpoint chose HTTP/1.1: a connection of that kind. */
  readonly adopt: (endpoint: Endpoint, dialled: DialledSocket) => EndpointSide;
}

/** Whether HTTP/2 is offered to an endpoint: nothing but ALPN decides whether it is spoken (contract: http.md 14). */
export function mayHttp2(endpoint: Endpoint): boolean {
  return endpoint.tls && endpoint.protocol === 'http2';
}

/** The HTTP/2 connections to endpoints: one for each, another when that one is full. */
export class EndpointSessions {
  readonly #deps: EndpointSessionsDeps;
  readonly #sessionDeps: EndpointSessionDeps;
  /** That take requests, by endpoint. */
  readonly #shared = new Map<string, EndpointSession[]>();
  readonly #open = new Set<EndpointSession>();
  /** Connections under way, by endpoint: whether they came to one that can be shared. */
  readonly #dialling = new Map<string, Promise<boolean>>();
  #stopped = false;

  constructor(deps: EndpointSessionsDeps) {
    this.#deps = deps;
    this.#sessionDeps = {
      idleMs: deps.idleMs,
      ended: (session) => this.#forget(session),
      closed: (session) => {
        this.#open.delete(session);
        deps.deadlines.remove(session);
      },
    };
  }

  get idleCount(): number {
    let count = 0;
    for (const session of this.#open) if (session.idle) count += 1;
    return count;
  }

  /** Room on a connection that is there. */
  take(endpoint: Endpoint): EndpointSide | undefined {
    const sessions = this.#shared.get(connectionKey(endpoint));
    return sessions?.find((session) => session.usable)?.take();
  }

  /** A new connection, or room on one that somebody else was making. Rejects as `dial` does. */
  async dial(endpoint: Endpoint, signal: AbortSignal): Promise<EndpointSide> {
    const key = connectionKey(endpoint);
    for (let another = this.#dialling.get(key); another !== undefined; another = this.#dialling.get(key)) {
      const shared = await Promise.race([another, aborted(signal)]);
      if (signal.aborted) throw signal.reason;
      const taken = this.take(endpoint);
      if (taken !== undefined) return taken;
      // It failed, or HTTP/1.1 was chosen: from here on each for itself.
      if (!shared) return this.#connected(endpoint, key, await this.#deps.open(endpoint, signal, PROTOCOLS));
    }
    if (!this.#deps.keepAlive) {
      return this.#connected(endpoint, key, await this.#deps.open(endpoint, signal, PROTOCOLS));
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#dialling.set(key, promise);
    const done = (shared: boolean): void => {
      this.#dialling.delete(key);
      resolve(shared);
    };
    try {
      const side = this.#connected(endpoint, key, await this.#deps.open(endpoint, signal, PROTOCOLS));
      const session = this.#shared.get(key)?.at(-1);
      if (session === undefined) done(false);
      else void session.ready.then(() => done(true));
      return side;
    } catch (error) {
      done(false);
      throw error;
    }
  }

  /** Closes the idle ones, and the others when their last request ends. */
  drain(): void {
    for (const session of [...this.#open]) session.close();
  }

  /** Closes all. Safe to call twice. */
  stop(): void {
    this.#stopped = true;
    for (const session of [...this.#open]) session.destroy();
  }

  #connected(endpoint: Endpoint, key: string, dialled: DialledSocket): EndpointSide {
    const { socket } = dialled;
    if (!isHttp2(socket)) return this.#deps.adopt(endpoint, dialled);
    const session = new EndpointSession(key, endpoint.address, socket, dialled.times, this.#sessionDeps);
    this.#open.add(session);
    this.#deps.deadlines.add(session);
    const stream = session.take();
    if (this.#stopped) session.destroy();
    else if (!this.#deps.keepAlive) session.closeAfterUse();
    else {
      const sessions = this.#shared.get(key);
      if (sessions === undefined) this.#shared.set(key, [session]);
      else sessions.push(session);
    }
    return stream;
  }

  #forget(session: EndpointSession): void {
    const sessions = this.#shared.get(session.key);
    if (sessions === undefined) return;
    const at = sessions.indexOf(session);
    if (at !== -1) sessions.splice(at, 1);
    if (sessions.length === 0) this.#shared.delete(session.key);
  }
}

function isHttp2(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.alpnProtocol === 'h2';
}

function aborted(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener('abort', () => resolve(false), { once: true });
  });
}

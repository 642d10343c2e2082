import type { IncomingMessage } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { errorText } from '../log/error-text.ts';
import type { Logger } from '../log/logger.ts';
import type { Registration } from '../routes/endpoint.ts';
import { type ApiRoute, parseApiRoute } from './api-route.ts';
import { EventStream, type StreamEvent } from './event-stream.ts';
import type { RoutingApi } from './routing-api.ts';
import { isUnauthorized, type Tokens } from './token-fetcher.ts';

export interface RouteFetcherOptions {
  /** Between two fetches of the whole list. */
  readonly pollMs: number;
  /** The router's own. */
  readonly staleThresholdMs: number;
  /** Whether known routes are kept alive while the API cannot be asked. */
  readonly keepWithoutApi: boolean;
  /** Between two rounds of subscribing; 1 s when absent. */
  readonly resubscribeMs?: number;
}

export interface RouteFetcherDeps {
  readonly api: RoutingApi;
  readonly tokens: Tokens;
  readonly logger: Logger;
  readonly onRegister: (registration: Registration) => void;
  readonly onUnregister: (registration: Registration) => void;
  /** The endpoint counts as heard from, if it is known. */
  readonly onKeepAlive: (registration: Registration) => void;
  /** Resolves after `ms`, or at once when aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/* gorouter's names of what may fail. */
const NO_TOKEN = 'failed-to-fetch-token';
const NO_STREAM = 'failed-subscribing-to-routing-api-event-stream';
const STREAM_ENDED = 'failed-getting-next-event: ';
const NO_LIST = 'failed-to-fetch-routes';
const NO_REFRESH = 'failed-to-refresh-routes';
const INVALID = 'invalid-route';

/** Tries of one round of subscribing, after the first. */
const SUBSCRIBE_RETRIES = 3;
/** Routes between two turns of the event loop, which is also the bus's. */
const PER_TURN = 500;

/**
 * The routing API as a source of routes beside the bus (contract: operations.md 12): its events as they happen, and its
 * whole list now and then, which mends what the events missed. Never gives up.
 */
export class RouteFetcher {
  readonly #options: RouteFetcherOptions;
  readonly #deps: RouteFetcherDeps;
  readonly #stopping = new AbortController();
  /** The list that was fetched last, by id. */
  #known: ReadonlyMap<string, ApiRoute> = new Map();
  /** Fetches never overlap, or an older list could come out on top. */
  #fetches: Promise<void> = Promise.resolve();
  /** What fails at present, and the reason that was logged for it. */
  readonly #failing = new Map<string, string>();
  #running: Promise<unknown> | undefined;

  constructor(options: RouteFetcherOptions, deps: RouteFetcherDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  start(): void {
    if (this.#running !== undefined) return;
    this.#deps.logger.info('syncer-started');
    this.#running = Promise.all([this.#follow(), this.#poll()]);
  }

  /** Nothing is registered after it resolved. May be called twice, or before start. */
  async stop(): Promise<void> {
    if (this.#running === undefined) return;
    if (!this.#stopping.signal.aborted) this.#deps.logger.info('stopping');
    this.#stopping.abort();
    await this.#running;
    await this.#fetches;
  }

  async #poll(): Promise<void> {
    const { pause } = this.#deps;
    const { signal } = this.#stopping;
    for (;;) {
      await pause(this.#options.pollMs, signal);
      if (signal.aborted) return;
      await this.#fetch(NO_LIST);
    }
  }

  async #follow(): Promise<void> {
    const { tokens, pause } = this.#deps;
    const { signal } = this.#stopping;
    let rejected: string | undefined;
    while (!signal.aborted) {
      try {
        const token = await tokens.token(signal, rejected);
        this.#failing.delete(NO_TOKEN);
        rejected = undefined;
        rejected = await this.#followWith(token);
      } catch (error) {
        this.#report(NO_TOKEN, error);
      }
      await pause(this.#options.resubscribeMs ?? 1_000, signal);
    }
  }

  /** Until the stream ends, however it does. Returns the token if it is good no longer. */
  async #followWith(token: string | undefined): Promise<string | undefined> {
    const { logger } = this.#deps;
    let stream: IncomingMessage;
    try {
      stream = await this.#subscribe(token);
    } catch (error) {
      this.#report(NO_STREAM, error);
      return isUnauthorized(error) ? token : undefined;
    }
    logger.info('Successfully-subscribed-to-routing-api-event-stream');
    this.#failing.delete(NO_STREAM);
    this.#failing.delete(STREAM_ENDED);
    // What happens from now on is an event; what was before is in the list.
    void this.#fetch(NO_REFRESH);
    try {
      const events = new EventStream();
      for await (const bytes of stream as AsyncIterable<Buffer>) {
        for (const event of events.push(bytes)) this.#take(event);
      }
      throw new Error('EOF');
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#report(STREAM_ENDED, error);
    } finally {
      stream.destroy();
    }
    return undefined;
  }

  async #subscribe(token: string | undefined): Promise<IncomingMessage> {
    const { api, logger } = this.#deps;
    const { signal } = this.#stopping;
    if (!this.#failing.has(NO_STREAM)) logger.info('subscribing-to-routing-api-event-stream');
    for (let retry = 0; ; retry += 1) {
      try {
        return await api.events(token, signal);
      } catch (error) {
        if (retry === SUBSCRIBE_RETRIES || isUnauthorized(error) || signal.aborted) throw error;
      }
    }
  }

  #take({ name, data }: StreamEvent): void {
    const { logger, onRegister, onUnregister } = this.#deps;
    if (logger.enabled('debug')) logger.debug('received-event', { event: name, data });
    if (name !== 'Upsert' && name !== 'Delete') return;
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch (error) {
      this.#report(INVALID, error);
      return;
    }
    const route = parseApiRoute(value, this.#options.staleThresholdMs);
    if (typeof route === 'string') this.#report(INVALID, route);
    else if (name === 'Upsert') onRegister(route.registration);
    else onUnregister(route.registration);
  }

  /** After the fetch that may be under way. `failure`: what the log calls it when it fails. */
  #fetch(failure: string): Promise<void> {
    this.#fetches = this.#fetches.then(() => this.#fetchNow(failure));
    return this.#fetches;
  }

  async #fetchNow(failure: string): Promise<void> {
    const { logger, onKeepAlive } = this.#deps;
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    logger.debug('syncer-fetch-routes-started');
    let list: readonly unknown[];
    try {
      list = await this.#list(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#report(failure, error);
      if (!this.#options.keepWithoutApi) return;
      await this.#each([...this.#known.values()], onKeepAlive);
      return;
    }
    for (const failure of [NO_LIST, NO_REFRESH]) this.#failing.delete(failure);
    await this.#apply(list);
  }

  /** With a fresh token when the one we have is refused. */
  async #list(signal: AbortSignal): Promise<readonly unknown[]> {
    const { api, tokens } = this.#deps;
    const token = await tokens.token(signal);
    try {
      return await api.routes(token, signal);
    } catch (error) {
      if (token === undefined || !isUnauthorized(error)) throw error;
      return api.routes(await tokens.token(signal, token), signal);
    }
  }

  async #apply(list: readonly unknown[]): Promise<void> {
    const { logger, onRegister, onUnregister } = this.#deps;
    const routes = new Map<string, ApiRoute>();
    let invalid = 0;
    let reason = '';
    for (const value of list) {
      const route = parseApiRoute(value, this.#options.staleThresholdMs);
      if (typeof route !== 'string') routes.set(route.id, route);
      else if (invalid++ === 0) reason = route;
    }
    if (invalid > 0) this.#report(INVALID, reason, { count: invalid });
    else this.#failing.delete(INVALID);
    const gone = [...this.#known.values()].filter(({ id }) => !routes.has(id));
    this.#known = routes;
    logger.debug('syncer-refreshing-endpoints', { 'number-of-routes': routes.size });
    await this.#each(gone, onUnregister);
    await this.#each([...routes.values()], onRegister);
  }

  async #each(routes: readonly ApiRoute[], act: (registration: Registration) => void): Promise<void> {
    for (const [i, { registration }] of routes.entries()) {
      if (i > 0 && i % PER_TURN === 0) await turn();
      if (this.#stopping.signal.aborted) return;
      act(registration);
    }
  }

  /** When it begins, and when its reason changes: the state is logged, not each attempt. */
  #report(failure: string, error: unknown, facts: object = {}): void {
    const text = errorText(error);
    if (this.#stopping.signal.aborted || this.#failing.get(failure) === text) return;
    this.#failing.set(failure, text);
    this.#deps.logger.error(failure, { error: text, ...facts });
  }
}

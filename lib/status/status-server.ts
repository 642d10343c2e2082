import type { IncomingMessage, ServerResponse } from 'node:http';
import { availableParallelism } from 'node:os';
import type { TlsOptions } from 'node:tls';
import type { Logger } from '../log/logger.ts';
import { answerJson } from './answer-json.ts';
import { answerHealth, answerNotFound, answerUnauthorized } from './answers.ts';
import { isAuthorized } from './basic-auth.ts';
import { CpuShare } from './cpu-share.ts';
import { goJson } from './go-json.ts';
import { Rates } from './rates.ts';
import { routesJson } from './routes-json.ts';
import type { ListenerTls } from './secure-server.ts';
import type { StatusSources } from './sources.ts';
import { type ListenAddress, StatusListener } from './status-listener.ts';
import { varz } from './varz.ts';
import { workerJson } from './worker-json.ts';

export interface StatusSettings {
  /** `status.host`: only the component server listens there. */
  readonly host: string;
  /** `status.port`; 0 = any free one. */
  readonly port: number;
  /** `status.user`, `status.pass`. */
  readonly user: string;
  readonly pass: string;
  /** `status.enable_nontls_health_checks`. */
  readonly plainHealth: boolean;
  /** `status.enable_deprecated_varz_healthz_endpoints`. */
  readonly componentServer: boolean;
  /** Health over TLS, when it is given. Port 0 = any free one. */
  readonly tls?: ListenerTls & { readonly port: number };
  /** `status.routes.port`; 0 = any free one. */
  readonly routesPort: number;
  /** `balancing_algorithm`: what `/routes` shows for endpoints that name none. */
  readonly defaultAlgorithm: string;
  /** For a request to come, and for an answer to go. */
  readonly limitMs?: number;
}

export interface StatusAddresses {
  /** Of the plain health server or the component server. */
  readonly health?: ListenAddress;
  readonly healthTls?: ListenAddress;
  readonly routes: ListenAddress;
}

const TICK_MS = 1000;
const TICKS_PER_RATE = 5;
const HEALTH_HOST = '0.0.0.0';
const ROUTES_HOST = '127.0.0.1';

/**
 * The status servers (operations.md 9): health for load balancers, and behind Basic auth on loopback the routes, the
 * figures of the router and those of each worker. They answer from the primary for all processes.
 */
export class StatusServer {
  readonly #settings: StatusSettings;
  readonly #sources: StatusSources;
  readonly #listeners: StatusListener[] = [];
  readonly #rates = new Rates();
  readonly #componentRates = new Map<string, Rates>();
  readonly #cpu = new CpuShare();
  readonly #log: Logger;
  #secure: StatusListener | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #componentPort: number;

  constructor(settings: StatusSettings, sources: StatusSources, log: Logger) {
    this.#settings = settings;
    this.#sources = sources;
    this.#log = log;
    this.#componentPort = settings.port;
  }

  /** Rejects with LISTEN_FAILED when an address cannot be listened on; then none is. */
  async start(): Promise<StatusAddresses> {
    const { plainHealth, componentServer, host, port, routesPort, tls } = this.#settings;
    try {
      const routes = await this.#listen(ROUTES_HOST, routesPort, this.#serveRoutes);
      this.#startTicking();
      const healthTls =
        tls === undefined ? undefined : await this.#listen(HEALTH_HOST, tls.port, this.#serveHealth, tls);
      const secure = healthTls === undefined ? {} : { healthTls };
      if (!plainHealth) return { ...secure, routes };
      const health = componentServer
        ? await this.#listen(host, port, this.#serveComponent)
        : await this.#listen(HEALTH_HOST, port, this.#serveHealth);
      this.#componentPort = health.port;
      return { health, ...secure, routes };
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Other certificates for health over TLS, where there is such a listener. */
  renewTls(options: TlsOptions | undefined): void {
    if (options !== undefined) this.#secure?.renewTls(options);
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    clearInterval(this.#ticker);
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.stop()));
  }

  /** What `/varz` answers now; component messages on the bus carry the same. */
  varz(): Readonly<Record<string, unknown>> {
    const { host, user, pass } = this.#settings;
    return varz({
      figures: this.#sources.figures(),
      workers: this.#sources.workers(),
      primary: this.#sources.readProcess(),
      host: `${host}:${this.#componentPort}`,
      user,
      pass,
      nowMs: Date.now(),
      cores: availableParallelism(),
      maxRssKb: process.resourceUsage().maxRSS,
      cpu: this.#cpu.value,
      rates: this.#rates.perSecond(),
      componentRates: new Map([...this.#componentRates].map(([name, rates]) => [name, rates.perSecond()])),
    });
  }

  readonly #serveHealth = (path: string, _: IncomingMessage, response: ServerResponse): void => {
    if (path === '/health') answerHealth(response, this.#sources.healthy());
    else if (path === '/is-process-alive-do-not-use-for-loadbalancing') {
      answerHealth(response, this.#sources.alive());
    } else answerNotFound(response);
  };

  /** gorouter answers `/routes` alone here; `/varz` and `/workers` beside it need no deprecated switch. */
  readonly #serveRoutes = (
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): void | Promise<void> => {
    if (path === '/workers' && this.#mayRead(request)) {
      const workers = this.#sources.workers().map(workerJson);
      return answerJson(response, [goJson(workers), '\n']);
    }
    return this.#serveComponent(path, request, response);
  };

  readonly #serveComponent = (
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): void | Promise<void> => {
    if (path === '/health' || path === '/healthz') return answerHealth(response, this.#sources.healthy());
    if (!this.#mayRead(request)) return answerUnauthorized(response);
    if (path === '/routes') {
      return answerJson(response, routesJson(this.#sources.routes(), this.#settings.defaultAlgorithm));
    }
    if (path === '/varz') return answerJson(response, [goJson(this.varz()), '\n']);
    return answerNotFound(response);
  };

  #mayRead(request: IncomingMessage): boolean {
    return isAuthorized(request.headers.authorization, this.#settings.user, this.#settings.pass);
  }

  async #listen(
    host: string,
    port: number,
    handle: (path: string, request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
    tls?: ListenerTls,
  ): Promise<ListenAddress> {
    const limitMs = this.#settings.limitMs ?? 10_000;
    const secure = tls === undefined ? {} : { tls };
    const listener = new StatusListener({ host, port, limitMs, log: this.#log, handle, ...secure });
    const address = await listener.start();
    this.#listeners.push(listener);
    if (tls !== undefined) this.#secure = listener;
    return address;
  }

  #startTicking(): void {
    let ticks = 0;
    const tick = (): void => {
      const nowMs = performance.now();
      const { user, system } = process.cpuUsage();
      this.#cpu.tick((user + system) / 1000, this.#sources.workers(), nowMs);
      if (ticks % TICKS_PER_RATE === 0) this.#tickRates(nowMs);
      ticks += 1;
    };
    tick();
    this.#ticker = setInterval(tick, TICK_MS).unref();
  }

  #tickRates(nowMs: number): void {
    const { requests, components } = this.#sources.figures().total;
    this.#rates.tick(requests, nowMs);
    for (const [component, counts] of components) {
      let rates = this.#componentRates.get(component);
      if (rates === undefined) {
        rates = new Rates();
        // It had none when the interval began.
        rates.tick(0, nowMs - TICK_MS * TICKS_PER_RATE);
        this.#componentRates.set(component, rates);
      }
      rates.tick(counts.requests, nowMs);
    }
  }
}

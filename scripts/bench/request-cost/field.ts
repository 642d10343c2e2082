import { join } from 'node:path';
import { hostOf, type RouteSet } from '../feed/bench-route.ts';
import { Publisher } from '../feed/publisher.ts';
import { allowedCores } from '../proc.ts';
import { isInstalled } from '../programs.ts';
import type { Stage } from '../scenario.ts';
import { type Backend, startNginxBackend, startScriptBackend } from '../servers/backend.ts';
import { type Certificate, makeCertificate } from '../servers/certificate.ts';
import { startHaproxy } from '../servers/haproxy.ts';
import { startNats } from '../servers/nats.ts';
import { startNginx } from '../servers/nginx.ts';
import { type PlainProxy, startPlainProxy } from '../servers/plain-proxy.ts';
import { Router } from '../servers/router.ts';
import type { Contender } from './contender.ts';

/** What a proxy is to be; the same for turnout and nginx where both have it. */
export interface ProxyOptions {
  /** Default: one, for `hostOf(0)`. */
  readonly routes?: { readonly count: number; readonly endpoints: number };
  readonly tlsClients?: boolean;
  readonly tlsEndpoints?: boolean;
  /** Default: the field's own backend. */
  readonly backendPort?: number;
}

export interface TurnoutOptions extends ProxyOptions {
  readonly workers?: number;
  /** Further keys of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A contender, and more of it than the others have. */
export interface Turnout extends Contender {
  readonly router: Router;
}

const ENDPOINT_NAME = 'endpoint.bench.example';

/** One row's place: proxies on one core, load and one backend on another. All proxies forward to that backend. */
export class Field {
  readonly stage: Stage;
  /** Where the proxies run. */
  readonly proxyCore: number;
  /** Where the load and the backend run. */
  readonly loadCore: number;
  #backend: Promise<Backend> | undefined;
  #certificate: Certificate | undefined;
  #started = 0;

  constructor(stage: Stage) {
    this.stage = stage;
    const [proxies, load] = allowedCores();
    if (proxies === undefined || load === undefined)
      throw new Error('two cores are needed, to keep load and proxies apart');
    this.proxyCore = proxies;
    this.loadCore = load;
  }

  /** It stands idle until it is its turn. The one route, or all, is in every worker. */
  async turnout(options: TurnoutOptions = {}): Promise<Turnout> {
    const { processes } = this.stage;
    const { port: natsPort } = await startNats(processes);
    const router = await Router.start(processes, {
      dir: this.#newDir('turnout'),
      natsPort,
      workers: options.workers ?? 1,
      core: this.proxyCore,
      ...(options.tlsClients ? { certificate: this.#certificateFor(options)! } : {}),
      ...(options.environment === undefined ? {} : { environment: options.environment }),
      config: {
        droplet_stale_threshold: '1h', // nobody sends heartbeats
        ...(options.tlsEndpoints ? { ca_certs: [this.#certificateFor(options)?.cert] } : {}),
        ...options.config,
      },
    });
    const publisher = await Publisher.start(processes, natsPort, await this.#routesOf(options));
    await publisher.registerAll(router);
    const { port, tlsPort, pid, accessLog } = router;
    return { name: 'turnout', port, tlsPort, pid, accessLog, router };
  }

  async nginx(options: ProxyOptions = {}): Promise<Contender> {
    const certificate = this.#certificateFor(options);
    return startNginx(this.stage.processes, {
      dir: this.#newDir('nginx'),
      core: this.proxyCore,
      routes: await this.#routesOf(options),
      ...(certificate === undefined ? {} : { certificate }),
    });
  }

  async haproxy(): Promise<Contender> {
    const { port } = await this.#theBackend();
    return startHaproxy(this.stage.processes, this.#newDir('haproxy'), port, this.proxyCore);
  }

  async plainProxy(name: PlainProxy): Promise<Contender> {
    const { port } = await this.#theBackend();
    return startPlainProxy(this.stage.processes, name, port, this.proxyCore);
  }

  async #routesOf({ routes, tlsEndpoints, backendPort }: ProxyOptions): Promise<RouteSet> {
    if (backendPort !== undefined) return { count: 1, backendPort };
    const { port, tlsPort } = await this.#theBackend(tlsEndpoints);
    const set = { ...(routes ?? { count: 1 }), backendPort: port };
    return tlsEndpoints ? { ...set, tls: { port: tlsPort ?? 0, name: ENDPOINT_NAME } } : set;
  }

  #theBackend(tls = false): Promise<Backend> {
    const { processes } = this.stage;
    const certificate = tls ? this.#certificateFor({ tlsEndpoints: true }) : undefined;
    this.#backend ??= isInstalled('nginx')
      ? startNginxBackend(processes, this.#newDir('backend'), this.loadCore, certificate)
      : startScriptBackend(processes, this.loadCore, certificate);
    return this.#backend;
  }

  #certificateFor({ tlsClients, tlsEndpoints }: ProxyOptions): Certificate | undefined {
    if (!tlsClients && !tlsEndpoints) return undefined;
    this.#certificate ??= makeCertificate(this.#newDir('certificate'), [
      hostOf('*'),
      hostOf(0),
      ENDPOINT_NAME,
    ]);
    return this.#certificate;
  }

  #newDir(what: string): string {
    this.#started += 1;
    return join(this.stage.dir, `${what}-${this.#started}`);
  }
}

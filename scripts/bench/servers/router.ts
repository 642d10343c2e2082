import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../free-ports.ts';
import { fetchJson } from '../probes/fetch-json.ts';
import { statusOf } from '../probes/status-of.ts';
import type { Processes, ServerProcess } from '../processes.ts';
import { type Certificate, CIPHERS } from './certificate.ts';

const PROGRAM = fileURLToPath(new URL('../../turnout', import.meta.url));
const AUTH = { user: 'bench', pass: 'bench' };

export interface RouterOptions {
  /** A folder of its own. */
  readonly dir: string;
  readonly natsPort: number;
  readonly workers: number;
  readonly core?: number;
  readonly snapshot?: Readonly<Record<string, unknown>>;
  /** It listens for TLS as well, with this. */
  readonly certificate?: Certificate;
  /** Added to those of the bench. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Further keys of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** One worker as the status page shows it, as far as it is read here. */
export interface WorkerStatus {
  readonly pid: number;
  readonly state: string;
  readonly sequence: number;
  readonly acked_sequence: number;
  readonly resyncs: number;
  readonly routes: number | null;
  readonly heap_used_bytes: number | null;
}

/** A router that can be ended and started again on the same ports, with the same files. */
export class Router {
  readonly port: number;
  readonly statusPort: number;
  readonly routesPort: number;
  readonly tlsPort: number;
  readonly accessLog: string;
  readonly #processes: Processes;
  readonly #options: RouterOptions;
  readonly #configFile: string;
  #server: ServerProcess | undefined;

  private constructor(processes: Processes, options: RouterOptions, ports: readonly number[]) {
    const [port = 0, statusPort = 0, routesPort = 0, tlsPort = 0] = ports;
    this.port = port;
    this.statusPort = statusPort;
    this.routesPort = routesPort;
    this.tlsPort = tlsPort;
    this.#processes = processes;
    this.#options = options;
    mkdirSync(options.dir, { recursive: true });
    this.accessLog = join(options.dir, 'access.log');
    this.#configFile = join(options.dir, 'config.yml');
    writeFileSync(this.#configFile, JSON.stringify(this.#config(), undefined, 2)); // which is YAML, too
  }

  /** Configured, not started. */
  static async prepare(processes: Processes, options: RouterOptions): Promise<Router> {
    return new Router(processes, options, await freePorts(4));
  }

  /** Started, and healthy. */
  static async start(processes: Processes, options: RouterOptions): Promise<Router> {
    const router = await Router.prepare(processes, options);
    await router.spawn().until(() => router.healthy(), 'being healthy');
    return router;
  }

  get server(): ServerProcess {
    if (this.#server === undefined) throw new Error('the router was not started');
    return this.#server;
  }

  get pid(): number {
    return this.server.pid;
  }

  /** Starts the process and does not wait for anything. */
  spawn(): ServerProcess {
    const { core, dir, environment } = this.#options;
    this.#server = this.#processes.start({
      name: 'router',
      command: PROGRAM,
      args: ['-c', this.#configFile],
      cwd: dir,
      ...(core === undefined ? {} : { core }),
      ...(environment === undefined ? {} : { environment }),
    });
    return this.#server;
  }

  async healthy(): Promise<boolean> {
    return (await statusOf(this.statusPort, 'localhost', '/health')) === 200;
  }

  async workers(): Promise<readonly WorkerStatus[]> {
    const page = await fetchJson(this.routesPort, '/workers', AUTH);
    const list = Array.isArray(page) ? page : (page as { workers?: unknown }).workers;
    if (!Array.isArray(list)) throw new Error('/workers does not list workers');
    return list as WorkerStatus[];
  }

  /** Resolves when every worker's copy of the table has that many routes at least. */
  async holds(routes: number, withinMs: number): Promise<void> {
    const allThere = async (): Promise<boolean> => {
      const workers = await this.workers();
      return workers.length > 0 && workers.every((worker) => (worker.routes ?? 0) >= routes);
    };
    await this.server.until(allThere, `having ${routes} routes in every worker`, withinMs);
  }

  /** What operators of existing installations have in their files, where it matters here. */
  #config(): object {
    const { natsPort, workers, snapshot, certificate, config } = this.#options;
    return {
      port: this.port,
      status: { port: this.statusPort, routes: { port: this.routesPort }, ...AUTH },
      nats: { hosts: [{ hostname: '127.0.0.1', port: natsPort }] },
      workers: { count: workers, orphan_grace: '1s' },
      start_response_delay_interval: '1s',
      suspend_pruning_if_nats_unavailable: true,
      drain_wait: '0s',
      drain_timeout: '2s',
      backends: { max_conns: 500, max_attempts: 3 },
      disable_keep_alives: false,
      max_idle_conns: 100,
      max_idle_conns_per_host: 100,
      access_log: { file: this.accessLog },
      logging: { level: 'info', format: { timestamp: 'rfc3339' } },
      snapshot: snapshot ?? { store: 'embedded', path: join(this.#options.dir, 'snapshot.db') },
      ...(certificate === undefined ? {} : this.#tlsConfig(certificate)),
      ...config,
    };
  }

  #tlsConfig({ cert, key }: Certificate): object {
    return {
      enable_ssl: true,
      ssl_port: this.tlsPort,
      tls_pem: [{ cert_chain: cert, private_key: key }],
      cipher_suites: CIPHERS,
      client_cert_validation: 'none',
    };
  }
}

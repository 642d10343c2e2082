import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SCRIPT } from './run-turnout.ts';
import { until } from './until.ts';

/** One line of the operational log. */
export interface LogLine {
  readonly log_level: number;
  readonly message: string;
  readonly source: string;
  /** Unix seconds with a fraction. */
  readonly timestamp: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One member of `/workers`. */
export interface WorkerFigures {
  readonly id: number;
  readonly pid: number;
  readonly state: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly acked_sequence: number;
  readonly lag_changes: number;
  readonly resyncs: number;
  readonly checksum: number;
  readonly routes: number;
  readonly endpoints: number;
  readonly requests: number;
  readonly tunnels: number;
  readonly access_log_dropped: number;
}

export interface RouterOptions {
  /** Added to the environment of all its processes. */
  readonly env?: Readonly<Record<string, string>>;
}

const USER = 'router-status';
const PASS = 'secret';

/**
 * A real router: `scripts/turnout` with a configuration of free ports, two workers and no pause at start. `config`
 * is YAML whose top-level keys take the place of ours.
 */
export class RouterProcess {
  readonly lines: LogLine[] = [];
  output = '';
  /** Of the traffic listener, once it serves. */
  port = 0;
  /** Of the listener with TLS, if there is one. */
  tlsPort = 0;
  healthPort = 0;
  routesPort = 0;
  /** Whether the next start is to take the status ports that stand here, not free ones. */
  keepsStatusPorts = false;
  readonly folder: string;
  #config: string;
  readonly #options: RouterOptions;
  /** Of all its lives: a primary that was killed leaves its workers. */
  readonly #groups: number[] = [];
  #child: ChildProcess | undefined;
  /** Whether all that had its output are gone, and it is read. */
  #silent = false;

  private constructor(folder: string, config: string, options: RouterOptions) {
    this.folder = folder;
    this.#config = config;
    this.#options = options;
  }

  /** Not started yet. `closing` is given what ends it and removes its folder. */
  static async make(
    closing: (close: () => unknown) => void,
    config: string,
    options: RouterOptions = {},
  ): Promise<RouterProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'turnout-'));
    const router = new RouterProcess(folder, config, options);
    closing(async () => {
      await router.kill();
      await rm(folder, { recursive: true, force: true });
    });
    return router;
  }

  /** Started and serving. */
  static async start(
    closing: (close: () => unknown) => void,
    config: string,
    options: RouterOptions = {},
  ): Promise<RouterProcess> {
    const router = await RouterProcess.make(closing, config, options);
    await router.start();
    return router;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the router does not run');
    return this.#child.pid;
  }

  get #file(): string {
    return join(this.folder, 'config.yml');
  }

  get accessLog(): string {
    return join(this.folder, 'access.log');
  }

  /** Resolves when `gorouter.started` is said; rejects with the output when the router ends before. */
  async start(args: readonly string[] = []): Promise<void> {
    await this.launch(args);
    await this.said('gorouter.started');
    this.port = this.#portOf('tcp-listener-started') ?? this.port;
    this.tlsPort = this.#portOf('tls-listener-started') ?? 0;
  }

  /** Begins to run; resolves when the status servers listen. */
  async launch(args: readonly string[] = []): Promise<void> {
    await this.spawn(args);
    const line = await this.said('status-listening');
    const { health, routes } = line.data as { health?: { port: number }; routes: { port: number } };
    this.healthPort = health?.port ?? 0;
    this.routesPort = routes.port;
  }

  /** Begins to run, and may fail to. */
  async spawn(args: readonly string[] = []): Promise<void> {
    // Free ones each time: whoever needs a port meanwhile may have taken those of the life before.
    if (!this.keepsStatusPorts) {
      this.healthPort = 0;
      this.routesPort = 0;
    }
    await this.#write();
    this.lines.length = 0;
    this.output = '';
    // A group of its own, so that a signal to the group, as a terminal sends it, does not reach mocha.
    const child = spawn(SCRIPT, ['-c', this.#file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...this.#options.env },
    });
    this.#child = child;
    this.#silent = false;
    child.once('close', () => {
      if (this.#child === child) this.#silent = true;
    });
    if (child.pid !== undefined) this.#groups.push(child.pid);
    createInterface(child.stdout).on('line', (line) => {
      this.output += `${line}\n`;
      if (line.startsWith('{')) this.lines.push(JSON.parse(line) as LogLine);
    });
    child.stderr.on('data', (text: Buffer) => {
      this.output += text.toString();
    });
  }

  /** The first line with that message, waited for. */
  async said(message: string, where: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    return until(() => {
      const line = this.lines.find((each) => each.message === message && where(each));
      if (line === undefined && this.#silent) {
        throw new Error(`the router ended without saying ${message}:\n${this.output}`);
      }
      return line;
    }, `the log line ${message}`);
  }

  last(message: string): LogLine | undefined {
    return this.lines.findLast((line) => line.message === message);
  }

  /** Another configuration, for whoever reads it again. */
  async reconfigure(config: string): Promise<void> {
    this.#config = config;
    await this.#write();
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** As Ctrl-C does: to the router and its workers at once. */
  signalGroup(name: NodeJS.Signals): void {
    process.kill(-this.pid, name);
  }

  /** The exit status, once the router has ended; the signal's name when one ended it. */
  async ended(): Promise<number | NodeJS.Signals> {
    const child = this.#child;
    if (child === undefined) throw new Error('the router was never started');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    // One that was killed may have left workers, and they its output open.
    if (child.exitCode !== null) await until(() => this.#silent, 'the end of the output');
    return child.exitCode ?? child.signalCode ?? -1;
  }

  /** SIGTERM, and its end. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.signal('SIGTERM');
    return this.ended();
  }

  /** Ends the primary, and the workers that it may have left, whatever state they are in. */
  async kill(): Promise<void> {
    for (const group of this.#groups.splice(0)) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // The group is gone: nothing is left to end.
      }
    }
    const child = this.#child;
    if (child?.pid === undefined) return;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  async health(): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.healthPort}/health`);
    await response.arrayBuffer();
    return response.status;
  }

  /** JSON of a page on the routes listener. */
  async status(path: '/routes'): Promise<Record<string, Record<string, unknown>[]>>;
  async status(path: '/workers'): Promise<WorkerFigures[]>;
  async status(path: '/varz'): Promise<Record<string, unknown>>;
  async status(path: string): Promise<unknown> {
    const authorization = `Basic ${Buffer.from(`${USER}:${PASS}`).toString('base64')}`;
    const response = await fetch(`http://127.0.0.1:${this.routesPort}${path}`, {
      headers: { authorization },
    });
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
    return response.json();
  }

  /** Resolves when that many routes are served, by every worker. */
  async knowsRoutes(count: number): Promise<void> {
    await until(async () => {
      const workers = await this.status('/workers');
      const routes = Object.keys(await this.status('/routes')).length;
      return (
        routes === count && workers.every(({ state, lag_changes: lag }) => state === 'listening' && lag === 0)
      );
    }, `${count} routes in every worker`);
  }

  async #write(): Promise<void> {
    await writeFile(this.#file, this.#yaml());
  }

  #portOf(message: string): number | undefined {
    return (this.last(message)?.data as { address: { Port: number } } | undefined)?.address.Port;
  }

  #yaml(): string {
    const defaults = {
      port: `${this.port}`,
      status: `{port: ${this.healthPort}, user: ${USER}, pass: ${PASS}, routes: {port: ${this.routesPort}}}`,
      start_response_delay_interval: '0s',
      logging: '{level: debug, format: {timestamp: unix-epoch}}',
      access_log: `{file: ${this.accessLog}}`,
      workers: '{count: 2}',
      snapshot: `{path: ${join(this.folder, 'snapshot.db')}, save_interval: 50ms}`,
    };
    const lines = Object.entries(defaults)
      .filter(([key]) => !new RegExp(`^${key}:`, 'm').test(this.#config))
      .map(([key, value]) => `${key}: ${value}\n`);
    return `${lines.join('')}${this.#config}`;
  }
}

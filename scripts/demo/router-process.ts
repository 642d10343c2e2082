import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ask } from './ask.ts';
import { type RouterPorts, STATUS_PASS, STATUS_USER } from './router-config.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STOP_WITHIN_MS = 6_000;

/** Routes and endpoints of the table, all of them or those that come from the snapshot. */
export interface TableCount {
  readonly routes: readonly string[];
  readonly endpoints: number;
}

export interface TableView {
  readonly all: TableCount;
  readonly restored: TableCount;
}

/** The demo's router: `scripts/turnout` as an operator would start it, its output in a file. */
export class RouterProcess {
  readonly #ports: RouterPorts;
  readonly #logFile: string;
  readonly #child: ChildProcess;
  /** Resolves with how it ended. */
  readonly gone: Promise<string>;
  #end: string | undefined;

  constructor(configFile: string, logFile: string, ports: RouterPorts) {
    this.#ports = ports;
    this.#logFile = logFile;
    const log = openSync(logFile, 'w');
    // A group of its own: of the terminal's Ctrl-C and ours, the second would cut what still runs.
    this.#child = spawn(`${ROOT}scripts/turnout`, ['-c', configFile], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.gone = new Promise<string>((resolve) => {
      this.#child.once('error', (error) => resolve(`it did not start: ${error.message}`));
      this.#child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `status ${code}`}`));
    }).then((end) => {
      this.#end = end;
      return end;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Throws, with the end of its log, when it has ended. */
  mustBeAlive(): void {
    if (this.#end === undefined) return;
    const lines = readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-5);
    throw new Error(`the router is not running: ${this.#end}\n  ${lines.join('\n  ')}`);
  }

  async healthy(): Promise<boolean> {
    this.mustBeAlive();
    return ask({ port: this.#ports.health, path: '/health' }).then(
      ({ status }) => status === 200,
      () => false, // not listening yet
    );
  }

  async table(): Promise<TableView> {
    const { status, body } = await ask({
      port: this.#ports.routes,
      path: '/routes',
      auth: `${STATUS_USER}:${STATUS_PASS}`,
    });
    if (status !== 200) throw new Error(`/routes answered ${status}`);
    const table = Object.entries(JSON.parse(body) as Record<string, { restored?: boolean }[]>);
    return {
      all: count(table),
      restored: count(
        table.map(([key, pool]) => [key, pool.filter((endpoint) => endpoint.restored === true)]),
      ),
    };
  }

  async stop(): Promise<void> {
    if (this.#end === undefined) this.#child.kill('SIGTERM');
    const overdue = setTimeout(() => this.kill(), STOP_WITHIN_MS);
    await this.gone;
    clearTimeout(overdue);
  }

  /** The workers with it. */
  kill(): void {
    if (this.#end !== undefined || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // it was faster
    }
  }
}

function count(table: [string, { restored?: boolean }[]][]): TableCount {
  const filled = table.filter(([, pool]) => pool.length > 0);
  return {
    routes: filled.map(([key]) => key),
    endpoints: filled.reduce((sum, [, pool]) => sum + pool.length, 0),
  };
}

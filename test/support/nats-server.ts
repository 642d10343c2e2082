import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

export interface NatsServerOptions {
  /** Further arguments, such as `--user`. */
  readonly args?: readonly string[];
  /** Text of a configuration file. */
  readonly config?: string;
}

/** A real nats-server on a free port of the loopback address. */
export class NatsServer {
  readonly host = '127.0.0.1';
  /** Known after the first start, and kept over restarts. */
  port = 0;
  /** What it printed, over all its lives. */
  output = '';
  readonly #options: NatsServerOptions;
  #directory: string | undefined;
  #process: ChildProcess | undefined;

  constructor(options: NatsServerOptions = {}) {
    this.#options = options;
  }

  /** Started and ready; `closing` is given what ends it. */
  static async start(
    closing: (close: () => unknown) => void,
    options: NatsServerOptions = {},
  ): Promise<NatsServer> {
    const server = new NatsServer(options);
    closing(() => server.remove());
    await server.start();
    return server;
  }

  /** Resolves when clients can connect; rejects with the output when it could not start. */
  async start(): Promise<void> {
    this.#directory ??= await mkdtemp(join(tmpdir(), 'nats-server-'));
    const args = ['-a', this.host, '-p', String(this.port || -1), '--ports_file_dir', this.#directory];
    if (this.#options.config !== undefined) {
      const file = join(this.#directory, 'server.conf');
      await writeFile(file, this.#options.config);
      args.push('-c', file);
    }
    const child = spawn('nats-server', [...args, ...(this.#options.args ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    child.stdout.on('data', (text: Buffer) => {
      this.output += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => {
      this.output += text.toString();
    });
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = error;
    });
    const portsFile = join(this.#directory, `nats-server_${child.pid}.ports`);
    const url = await until(async () => {
      if (failure !== undefined) throw failure;
      if (child.exitCode !== null)
        throw new Error(`nats-server ended with ${child.exitCode}:\n${this.output}`);
      const text = await readFile(portsFile, 'utf8').catch(() => '');
      // The file may be seen before it is written in full.
      return text.endsWith('}') ? (JSON.parse(text) as { nats: string[] }).nats[0] : undefined;
    }, 'the ports file of nats-server');
    this.port = Number(new URL(url).port);
  }

  /** Ends it, with SIGKILL as a crash would; `start()` brings it back on the same port. Safe to call twice. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (
      child === undefined ||
      child.exitCode !== null ||
      child.signalCode !== null ||
      child.pid === undefined
    )
      return;
    const exited = once(child, 'exit');
    child.kill(signal);
    // One that is suspended cannot hear SIGTERM.
    child.kill('SIGCONT');
    await exited;
  }

  /** Suspends it: connections stay, nothing is answered. */
  suspend(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Ends it and removes its files. */
  async remove(): Promise<void> {
    await this.stop();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }
}

/** In a `describe`: prints what the servers said when a test of the block failed. */
export function showingOutputOf(servers: () => readonly NatsServer[]): void {
  afterEach(function () {
    if (this.currentTest?.state !== 'failed') return;
    for (const server of servers()) console.error(`nats-server on port ${server.port}:\n${server.output}`);
  });
}

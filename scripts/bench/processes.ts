import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { descendantsOf } from './proc.ts';
import { SEARCH_PATH } from './programs.ts';
import { within } from './within.ts';

export interface Launch {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The core it and its children have to stay on. */
  readonly core?: number;
  readonly cwd?: string;
  /** Runs only when nobody else wants the core; it then may take all of it without disturbing. */
  readonly idlePriority?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** With a channel for messages; for our own programs. */
  readonly ipc?: boolean;
}

const KEPT_OUTPUT = 16_384;
const STOP_WITHIN_MS = 15_000;

/** A server under measurement, or one that helps to measure. */
export class ServerProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly pid: number;
  /** The last of what it printed. */
  output = '';

  constructor(launch: Launch) {
    this.name = launch.name;
    const pinned = launch.core === undefined ? [] : ['taskset', '-c', String(launch.core)];
    const modest = launch.idlePriority ? ['chrt', '--idle', '0'] : [];
    const [command = launch.command, ...args] = [...modest, ...pinned, launch.command, ...launch.args];
    const options: SpawnOptions = {
      // A group of its own: the terminal's Ctrl-C is for the bench, which then ends all in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(launch.ipc ? (['ipc'] as const) : [])],
      env: { ...process.env, PATH: SEARCH_PATH, ...launch.environment },
      ...(launch.cwd === undefined ? {} : { cwd: launch.cwd }),
    };
    this.child = spawn(command, args, options);
    this.child.on('error', (error) => {
      this.output += `\n${error.message}`;
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.output = (this.output + text.toString()).slice(-KEPT_OUTPUT);
      });
    }
    this.pid = this.child.pid ?? 0;
  }

  get ended(): boolean {
    return this.pid === 0 || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Resolves with the first truthy result of `predicate`; rejects with the output when the process ends before. */
  async until<T>(predicate: () => T | Promise<T>, what: string, withinMs = 30_000): Promise<NonNullable<T>> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      if (this.ended) throw new Error(`${this.name} ended before ${what}:\n${this.output}`);
      const result = await predicate();
      if (result) return result as NonNullable<T>;
      if (performance.now() > deadline) {
        throw new Error(`${this.name}: ${what} did not come true within ${withinMs} ms:\n${this.output}`);
      }
      await pause(5);
    }
  }

  /** Ends it and waits. What does not end by itself, children that it left behind too, is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.ended) return;
    const family = descendantsOf(this.pid);
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    try {
      await within(STOP_WITHIN_MS, gone, `${this.name} ending`);
    } catch {
      this.child.kill('SIGKILL');
      await gone;
    }
    for (const pid of family) kill(pid);
  }

  /** At once, and without waiting: for the very end. */
  killAll(): void {
    if (this.ended) return;
    for (const pid of [this.pid, ...descendantsOf(this.pid)]) kill(pid);
  }
}

/** All processes of a run, so that none outlives it. */
export class Processes {
  readonly #all = new Set<ServerProcess>();

  start(launch: Launch): ServerProcess {
    const server = new ServerProcess(launch);
    this.#all.add(server);
    return server;
  }

  /** Last started, first ended: servers before what they depend on. */
  async stopAll(): Promise<void> {
    for (const server of [...this.#all].reverse()) {
      await server.stop();
      this.#all.delete(server);
    }
  }

  killAll(): void {
    for (const server of this.#all) server.killAll();
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone, which is what was wanted.
  }
}

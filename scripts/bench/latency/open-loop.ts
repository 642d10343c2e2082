import { fileURLToPath } from 'node:url';
import type { Processes, ServerProcess } from '../processes.ts';
import { within } from '../within.ts';
import type { Listen, Listening, OpenLoad, OpenLoadResult } from './messages.ts';

const PROGRAM = fileURLToPath(new URL('./open-loop-process.ts', import.meta.url));

/** Collections are short and come seldom: a nursery of this many MB, and no threads to wait for on the same core. */
const HEAP = ['--single-threaded-gc', '--min-semi-space-size=16', '--max-semi-space-size=16'];

/** The generator, which is the endpoint as well. One load at a time. */
export class OpenLoop {
  /** Of the endpoint. */
  readonly port: number;
  readonly #server: ServerProcess;

  private constructor(server: ServerProcess, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Starts it on that core, at idle priority. */
  static async start(processes: Processes, core: number): Promise<OpenLoop> {
    const server = processes.start({
      name: 'generator',
      command: process.execPath,
      args: [...HEAP, PROGRAM],
      ipc: true,
      core,
      idlePriority: true,
    });
    const { port } = await ask<Listening>(server, { kind: 'listen' }, 30_000);
    return new OpenLoop(server, port);
  }

  run(load: Omit<OpenLoad, 'kind'>): Promise<OpenLoadResult> {
    const withinMs = 1_000 * (load.leadInSeconds + load.seconds) + 30_000;
    return ask<OpenLoadResult>(this.#server, { kind: 'load', ...load }, withinMs);
  }
}

/** Without asking again and again whether it is done: that would disturb what is measured. */
function ask<Answer>(server: ServerProcess, message: Listen | OpenLoad, withinMs: number): Promise<Answer> {
  const { child } = server;
  const answered = new Promise<Answer>((resolve, reject) => {
    const ended = (): void => reject(new Error(`${server.name} ended:\n${server.output}`));
    child.once('exit', ended);
    child.once('message', (answer) => {
      child.off('exit', ended);
      resolve(answer as Answer);
    });
  });
  child.send(message);
  return within(withinMs, answered, server.name);
}

import { fileURLToPath } from 'node:url';
import type { Processes, ServerProcess } from '../processes.ts';
import type { FromIdleClients, ToIdleClients } from './idle-clients-messages.ts';

const PROGRAM = fileURLToPath(new URL('./idle-clients-process.ts', import.meta.url));
const WITHIN_MS = 120_000;

/** Many keep-alive connections, in a process of their own: descriptors are limited for each. */
export class IdleClients {
  readonly #server: ServerProcess;
  #heard: FromIdleClients | undefined;

  constructor(processes: Processes, core: number) {
    this.#server = processes.start({
      name: 'idle clients',
      command: process.execPath,
      args: [PROGRAM],
      ipc: true,
      core,
    });
    this.#server.child.on('message', (message: FromIdleClients) => {
      this.#heard = message;
    });
  }

  /** Resolves when each of them has had an answer. Rejects when one has not. */
  async open(port: number, host: string, count: number): Promise<void> {
    const answer = await this.#ask({ type: 'open', port, host, count });
    if (answer.type === 'failed') throw new Error(`a client failed: ${answer.message}`);
    const open = answer.type === 'open' ? answer.connections : 0;
    if (open < count) throw new Error(`of ${count} connections the router left ${open} open`);
  }

  async close(): Promise<void> {
    await this.#ask({ type: 'close' });
  }

  #ask(message: ToIdleClients): Promise<FromIdleClients> {
    this.#heard = undefined;
    this.#server.child.send(message);
    return this.#server.until(() => this.#heard, `having done: ${message.type}`, WITHIN_MS);
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromBackend, ToBackend } from './backend-messages.ts';
import type { BackendRole } from './cast.ts';

const MAIN = fileURLToPath(new URL('./backend.ts', import.meta.url));

/** One backend of the demo, as a process of its own. */
export class BackendProcess {
  readonly role: BackendRole;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #said = new Set<FromBackend['type']>();
  #failure = 'it ended';
  #stopping = false;

  /** `output`: file descriptor for what it prints. `onEnd` is called when it ends without having been told to. */
  constructor(role: BackendRole, port: number, output: number, onEnd: (role: BackendRole) => void) {
    this.role = role;
    this.port = port;
    this.#child = fork(MAIN, [JSON.stringify(role), String(port)], {
      // A group of its own: the terminal's Ctrl-C is for the demo, which then ends all in order.
      detached: true,
      stdio: ['ignore', output, output, 'ipc'],
    });
    this.#child.on('message', (message: FromBackend) => {
      if (message.type === 'failed') this.#failure = message.message;
      this.#hear(message.type);
    });
    this.#gone = once(this.#child, 'exit').then(() => {
      this.#hear('failed');
      if (!this.#stopping) onEnd(role);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  listening(): Promise<void> {
    return this.#heard('listening');
  }

  register(natsUrl: string): Promise<void> {
    this.#child.send({ type: 'register', natsUrl } satisfies ToBackend);
    return this.#heard('registered');
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.connected) this.#child.disconnect();
    await this.#gone;
  }

  kill(): void {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
  }

  #hear(type: FromBackend['type']): void {
    this.#said.add(type);
    this.#child.emit('said');
  }

  async #heard(type: 'listening' | 'registered'): Promise<void> {
    while (!this.#said.has(type)) {
      if (this.#said.has('failed')) throw new Error(`backend ${this.role.name} failed: ${this.#failure}`);
      await once(this.#child, 'said');
    }
  }
}

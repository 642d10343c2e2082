import { fileURLToPath } from 'node:url';
import type { Processes, ServerProcess } from '../processes.ts';
import type { Router } from '../servers/router.ts';
import type { RouteSet } from './bench-route.ts';
import type { FromPublisher, ToPublisher } from './publisher-messages.ts';

const PROGRAM = fileURLToPath(new URL('./publisher-process.ts', import.meta.url));

/** Slow enough that the bus does not cut off a router as a slow consumer. */
const REGISTER_PER_SECOND = 20_000;

/** Stands for all the platform's backends. */
export class Publisher {
  readonly #server: ServerProcess;
  readonly #routes: RouteSet;
  #heard: FromPublisher | undefined;

  private constructor(server: ServerProcess, routes: RouteSet) {
    this.#server = server;
    this.#routes = routes;
    server.child.on('message', (message: FromPublisher) => {
      this.#heard = message;
    });
  }

  static async start(processes: Processes, natsPort: number, routes: RouteSet): Promise<Publisher> {
    const server = processes.start({
      name: 'publisher',
      command: process.execPath,
      args: [PROGRAM],
      ipc: true,
    });
    const publisher = new Publisher(server, routes);
    await publisher.#ask({ type: 'begin', natsPort, routes }, 'begun');
    return publisher;
  }

  /** Resolves when all routes are in every worker of each of the routers. */
  async registerAll(...routers: readonly Router[]): Promise<void> {
    await this.#ask({ type: 'register', perSecond: REGISTER_PER_SECOND }, 'registered');
    await Promise.all(routers.map((router) => router.holds(this.#routes.count, 60_000)));
  }

  beginHeartbeats(perSecond: number): void {
    this.#tell({ type: 'heartbeats', perSecond });
  }

  /** Resolves with the number of heartbeats that were sent. */
  async endHeartbeats(): Promise<number> {
    const answer = await this.#ask({ type: 'stop' }, 'stopped');
    return answer.type === 'stopped' ? answer.sent : 0;
  }

  #tell(message: ToPublisher): void {
    this.#heard = undefined;
    this.#server.child.send(message);
  }

  #ask(message: ToPublisher, answer: FromPublisher['type']): Promise<FromPublisher> {
    this.#tell(message);
    const heard = (): FromPublisher | undefined => (this.#heard?.type === answer ? this.#heard : undefined);
    return this.#server.until(heard, `being ${answer}`, 60_000);
  }
}

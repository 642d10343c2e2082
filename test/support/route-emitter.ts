import { connect, type NatsConnection } from 'nats';
import type { Announcement } from './bus-client.ts';
import type { RouterProcess } from './router-process.ts';
import { until } from './until.ts';

interface Figures {
  readonly sequence: number;
  readonly nats: { readonly registers: number; readonly unregisters: number; readonly invalid: number };
  readonly workers: readonly { readonly state: string; readonly acked_sequence: number }[];
}

/**
 * What a platform's route emitter does, on a real bus, and beyond that: it knows when a router has acted on all that
 * was said. The only one that says anything to that router, or the counting would be off.
 */
export class RouteEmitter {
  readonly connection: NatsConnection;
  readonly #router: RouterProcess;
  readonly #workers: number;
  #expected: number;

  private constructor(connection: NatsConnection, router: RouterProcess, workers: number, heard: number) {
    this.connection = connection;
    this.#router = router;
    this.#workers = workers;
    this.#expected = heard;
  }

  /** For one life of the router: one that was restarted counts anew. */
  static async start(
    closing: (close: () => unknown) => void,
    natsPort: number,
    router: RouterProcess,
    workers = 2,
  ): Promise<RouteEmitter> {
    const connection = await connect({ servers: `127.0.0.1:${natsPort}`, reconnect: false });
    closing(() => connection.close());
    await router.said('subscriber-started');
    return new RouteEmitter(connection, router, workers, heard(await figures(router)));
  }

  register(message: Announcement): void {
    this.say('router.register', { host: '127.0.0.1', app: 'app-guid', ...message });
  }

  unregister(message: Announcement): void {
    this.say('router.unregister', { host: '127.0.0.1', ...message });
  }

  /** A message that the router hears: well-formed or not, on `router.register` or `router.unregister`. */
  say(subject: string, message: unknown): void {
    this.connection.publish(subject, typeof message === 'string' ? message : JSON.stringify(message));
    this.#expected += 1;
  }

  /** Resolves when all workers have what was said until now. */
  async settled(): Promise<void> {
    await this.connection.flush();
    await until(async () => {
      const now = await figures(this.#router);
      return (
        heard(now) >= this.#expected &&
        now.workers.length === this.#workers &&
        now.workers.every(
          ({ state, acked_sequence: acked }) => state === 'listening' && acked === now.sequence,
        )
      );
    }, 'what was said in every worker');
  }
}

async function figures(router: RouterProcess): Promise<Figures> {
  return (await router.status('/varz')) as unknown as Figures;
}

function heard({ nats }: Figures): number {
  return nats.registers + nats.unregisters + nats.invalid;
}

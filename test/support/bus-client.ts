import { connect, type NatsConnection } from 'nats';

export interface Announcement {
  readonly uris: readonly string[];
  readonly port: number;
  readonly host?: string;
  readonly [field: string]: unknown;
}

/** What a platform's route emitter does: publishes register and unregister messages on a real bus. */
export class BusClient {
  readonly #connection: NatsConnection;

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  static async connect(closing: (close: () => unknown) => void, port: number): Promise<BusClient> {
    const client = new BusClient(await connect({ servers: `127.0.0.1:${port}`, reconnect: false }));
    closing(() => client.close());
    return client;
  }

  /** Resolves when the bus has the message. */
  async register(message: Announcement): Promise<void> {
    await this.publish('router.register', message);
  }

  async unregister(message: Announcement): Promise<void> {
    await this.publish('router.unregister', message);
  }

  async publish(subject: string, message: Announcement | string): Promise<void> {
    const body =
      typeof message === 'string'
        ? message
        : JSON.stringify({ host: '127.0.0.1', app: 'app-guid', ...message });
    this.#connection.publish(subject, body);
    await this.#connection.flush();
  }

  async close(): Promise<void> {
    if (!this.#connection.isClosed()) await this.#connection.close();
  }
}

import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export interface TrafficOptions {
  readonly port: number;
  readonly host: string;
  /** Clients that open a connection for each request. */
  readonly fresh: number;
  /** Clients that keep their connection for as long as the router lets them. */
  readonly kept: number;
  /** Between an answer and the next request of that client. */
  readonly pauseMs?: number;
}

/**
 * Clients that ask and ask again until stopped. Each request is made once: what fails is a failure.
 */
export class Traffic {
  /** What went wrong, in words; answers other than 200 too. */
  readonly failures: string[] = [];
  answered = 0;
  /** Paths of the requests that got their 200. */
  readonly paths: string[] = [];
  readonly #options: TrafficOptions;
  readonly #clients: Promise<void>[] = [];
  #stopped = false;
  #sent = 0;

  private constructor(options: TrafficOptions) {
    this.#options = options;
    const { fresh, kept } = options;
    for (let i = 0; i < fresh; i += 1) this.#clients.push(this.#client(undefined));
    for (let i = 0; i < kept; i += 1) {
      this.#clients.push(this.#client(new Agent({ keepAlive: true, maxSockets: 1 })));
    }
  }

  static start(closing: (close: () => unknown) => void, options: TrafficOptions): Traffic {
    const traffic = new Traffic(options);
    closing(() => traffic.stop());
    return traffic;
  }

  /** Resolves when what was asked is answered. May be called twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }

  async #client(agent: Agent | undefined): Promise<void> {
    while (!this.#stopped) {
      this.#sent += 1;
      const path = `/${this.#sent}`;
      try {
        const status = await this.#ask(agent, path);
        if (status === 200) {
          this.answered += 1;
          this.paths.push(path);
        } else {
          this.failures.push(`${path} on a ${agent === undefined ? 'new' : 'kept'} connection: ${status}`);
        }
      } catch (error) {
        this.failures.push(
          `${path} on a ${agent === undefined ? 'new' : 'kept'} connection: ${(error as Error).message}`,
        );
      }
      await pause(this.#options.pauseMs ?? 5);
    }
    agent?.destroy();
  }

  #ask(agent: Agent | undefined, path: string): Promise<number> {
    const { port, host } = this.#options;
    const options = { host: '127.0.0.1', port, path, agent: agent ?? false, headers: { host } };
    return new Promise((resolve, reject) => {
      const sent = request(options, (response) => {
        response.on('error', reject);
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.resume();
      });
      sent.setTimeout(10_000, () => sent.destroy(new Error('no answer within 10 s')));
      sent.on('error', reject);
      sent.end();
    });
  }
}

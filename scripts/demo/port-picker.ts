import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** Below what kernels give to outgoing connections: one of those could take the port between `release` and its use. */
const LOWEST = 15_000;
const HIGHEST = 30_000;
const TRIES = 50;

/** Finds free ports, and holds each until `release`, so that none is given out twice. */
export class PortPicker {
  readonly #held: Server[] = [];

  /** `preferred` if it is free on every address, else any that is. */
  async take(preferred: number | undefined): Promise<number> {
    if (preferred !== undefined) {
      const port = await this.#hold(preferred).catch(() => undefined);
      if (port !== undefined) return port;
    }
    for (let tries = 0; tries < TRIES; tries += 1) {
      const port = await this.#hold(randomInt(LOWEST, HIGHEST)).catch(() => undefined);
      if (port !== undefined) return port;
    }
    return this.#hold(0);
  }

  async release(): Promise<void> {
    await Promise.all(this.#held.splice(0).map((server) => new Promise((closed) => server.close(closed))));
  }

  async #hold(port: number): Promise<number> {
    const server = createServer();
    server.listen(port);
    await once(server, 'listening');
    this.#held.push(server);
    return (server.address() as AddressInfo).port;
  }
}

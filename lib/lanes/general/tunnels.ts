import type { Socket } from 'node:net';
import { Tunnel } from './tunnel.ts';

/** The open tunnels of a worker. */
export class Tunnels {
  readonly #random: () => number;
  /** With the timer that ends it, once that is decided. */
  readonly #open = new Map<Tunnel, NodeJS.Timeout | undefined>();
  /** performance.now() by which all are to have ended. */
  #endBy: number | undefined;

  /** `random`: 0 <= x < 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Joins two sockets; resolves when both are closed. */
  async join(client: Socket, endpoint: Socket): Promise<void> {
    const tunnel = new Tunnel(client, endpoint);
    this.#open.set(tunnel, undefined);
    if (this.#endBy !== undefined) this.#schedule(tunnel, this.#endBy);
    await tunnel.closed;
    clearTimeout(this.#open.get(tunnel));
    this.#open.delete(tunnel);
  }

  /**
   * Ends them one by one within `ms`, also those that open meanwhile: clients whose connections end at the same moment
   * come back at the same moment. May be called again: the earlier end holds.
   */
  endWithin(ms: number): void {
    const endBy = performance.now() + ms;
    if (this.#endBy !== undefined && this.#endBy <= endBy) return;
    this.#endBy = endBy;
    for (const tunnel of this.#open.keys()) this.#schedule(tunnel, endBy);
  }

  #schedule(tunnel: Tunnel, endBy: number): void {
    clearTimeout(this.#open.get(tunnel));
    const left = Math.max(0, endBy - performance.now());
    this.#open.set(
      tunnel,
      setTimeout(() => tunnel.end(), left * this.#random()),
    );
  }
}

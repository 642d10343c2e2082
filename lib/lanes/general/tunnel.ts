import type { Socket } from 'node:net';

/** For bytes on their way when one side ends: time to reach the other, which may have stopped reading. */
const FLUSH_MS = 5_000;

/**
 * Joins two sockets until either side ends, breaks or closes; then both are closed (contract: http.md 13).
 * What one side sent before it ended still reaches the other.
 */
export class Tunnel {
  /** Resolves when both are closed. */
  readonly closed: Promise<void>;
  readonly #client: Socket;
  readonly #endpoint: Socket;
  #flushing: NodeJS.Timeout | undefined;

  constructor(client: Socket, endpoint: Socket) {
    this.#client = client;
    this.#endpoint = endpoint;
    this.closed = new Promise((resolve) => this.#join(resolve));
  }

  /** Ends both sides in an orderly way. */
  end(): void {
    this.#finish(this.#client);
    this.#finish(this.#endpoint);
  }

  #join(resolve: () => void): void {
    const client = this.#client;
    const endpoint = this.#endpoint;
    let open = 2;
    const closed = (other: Socket): void => {
      open -= 1;
      if (open > 0) {
        this.#finish(other);
        return;
      }
      clearTimeout(this.#flushing);
      resolve();
    };
    for (const [socket, other] of [
      [client, endpoint],
      [endpoint, client],
    ] as const) {
      socket.on('error', () => {}); // `close` follows, and that is all that matters here
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.once('close', () => closed(other));
      socket.once('end', () => {
        this.#finish(other);
        socket.destroySoon();
      });
      socket.pipe(other);
    }
    if (client.destroyed) endpoint.destroy();
  }

  #finish(socket: Socket): void {
    if (socket.destroyed) return;
    this.#flushing ??= setTimeout(() => {
      this.#client.destroy();
      this.#endpoint.destroy();
    }, FLUSH_MS);
    if (socket.writableFinished) socket.destroy();
    else socket.end(() => socket.destroy());
  }
}

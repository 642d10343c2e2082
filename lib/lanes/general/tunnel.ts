import type { Socket } from 'node:net';

/** For bytes on their way when one side ends: time to reach the other, which may have stopped reading. */
const FLUSH_MS = 5_000;

/**
 * Joins two sockets until either side ends, breaks or closes; then both are closed (contract: http.md 13).
 * Resolves when both are. What one side sent before it ended still reaches the other.
 */
export function tunnel(client: Socket, endpoint: Socket): Promise<void> {
  return new Promise((resolve) => {
    let open = 2;
    let flushing: NodeJS.Timeout | undefined;
    const closed = (other: Socket): void => {
      open -= 1;
      if (open > 0) {
        finish(other);
        return;
      }
      clearTimeout(flushing);
      resolve();
    };
    const finish = (socket: Socket): void => {
      if (socket.destroyed) return;
      flushing ??= setTimeout(() => {
        client.destroy();
        endpoint.destroy();
      }, FLUSH_MS);
      if (socket.writableFinished) socket.destroy();
      else socket.end(() => socket.destroy());
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
        finish(other);
        socket.destroySoon();
      });
      socket.pipe(other);
    }
    if (client.destroyed) endpoint.destroy();
  });
}

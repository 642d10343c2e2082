import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Bytes that a client may send ahead of the answer to its upgrade. */
const EARLY_BYTES = 64 * 1024;

/**
 * The client's side of a request to switch protocols. Node has taken its parser off the socket and made no response
 * object; here the socket gets one, is watched for the client leaving, and its early bytes are kept for whoever comes
 * next: the tunnel, or node's server again when the switch was refused.
 */
export class DetachedClient {
  readonly res: ServerResponse;
  readonly #socket: Socket;
  #early: Buffer[];
  #earlyBytes: number;
  #ended = false;

  /** `onAnswered` is called when an ordinary answer has been written and the connection may go on. */
  constructor(req: IncomingMessage, socket: Socket, head: Buffer, onAnswered: (early: Buffer) => void) {
    this.#socket = socket;
    this.#early = head.length > 0 ? [head] : [];
    this.#earlyBytes = head.length;
    const res = new ServerResponse(req);
    this.res = res;
    res.assignSocket(socket);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.resume();

    res.once('finish', () => {
      if (socket.destroyed) return; // `close` comes from the socket
      const persistent = res.shouldKeepAlive && !this.#ended;
      res.detachSocket(socket);
      if (persistent) onAnswered(this.release());
      else socket.destroySoon();
      process.nextTick(() => {
        res.destroyed = true;
        res.emit('close');
      });
    });
  }

  /** Lets go of the socket, paused; returns what the client has sent so far. */
  release(): Buffer {
    const socket = this.#socket;
    socket.pause();
    socket.removeListener('data', this.#onData);
    socket.removeListener('end', this.#onEnd);
    socket.removeListener('drain', this.#onDrain);
    if (this.res.socket === socket) this.res.detachSocket(socket);
    const early = Buffer.concat(this.#early);
    this.#early = [];
    return early;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    // Back-pressure: the kernel keeps the rest. The price is that a client's leaving is no longer noticed.
    if (this.#earlyBytes > EARLY_BYTES) this.#socket.pause();
  };

  // A half-closed client cannot take part in a tunnel, and is treated as gone as it is for ordinary requests.
  readonly #onEnd = (): void => {
    this.#ended = true;
    if (!this.res.writableEnded) this.#socket.destroy();
  };

  // Done by node's server for its own responses: without it a paused pipe would never go on.
  readonly #onDrain = (): void => {
    this.res.emit('drain');
  };
}

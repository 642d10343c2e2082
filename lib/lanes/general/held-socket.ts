import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Bytes that a client may send ahead of an answer that it has to wait for. */
const HELD_BYTES = 64 * 1024;

/**
 * The socket of a request that node has handed over while answers to those before it are still to be written: what
 * comes is kept, and node's part in the writing of these answers is done here, since it has taken its listeners away.
 */
export class HeldSocket {
  readonly #socket: Socket;
  readonly #answering: () => ServerResponse | undefined;
  #held: Buffer[];
  #heldBytes: number;

  /** `head`: what came behind the request. `answering`: the response that is being written. */
  constructor(socket: Socket, head: Buffer, answering: () => ServerResponse | undefined) {
    this.#socket = socket;
    this.#answering = answering;
    this.#held = head.length > 0 ? [head] : [];
    this.#heldBytes = head.length;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.resume();
  }

  /** Lets go of the socket, paused; returns what has come meanwhile. */
  release(): Buffer {
    const socket = this.#socket;
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    // Node counts the time to a next request from the last answer that it knows of.
    socket.setTimeout(0);
    const held = Buffer.concat(this.#held);
    this.#held = [];
    return held;
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > HELD_BYTES) this.#socket.pause();
  };

  // As for ordinary requests: a client that says it is done sending is taken to be gone.
  readonly #onEnd = (): void => {
    this.#socket.destroy();
  };

  readonly #onDrain = (): void => {
    this.#answering()?.emit('drain');
  };
}

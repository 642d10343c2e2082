import type { Socket } from 'node:net';

/** Up to this size a piece of a body is cheaper copied into the text around it than written by itself. */
const COPY_BELOW = 4096;

/**
 * What is to be written to a socket in one turn, gathered so that a head and a small body leave in one write. Text is
 * latin1: one character a byte.
 */
export class Outbox {
  readonly #socket: Socket;
  #text = '';
  #corked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  text(text: string): void {
    this.#text += text;
  }

  /** `bytes` from `start` up to `end`; must not change until they are written. */
  bytes(bytes: Buffer, start: number, end: number): void {
    if (end - start < COPY_BELOW) {
      this.#text += bytes.toString('latin1', start, end);
      return;
    }
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
    }
    if (this.#text !== '') this.#socket.write(this.#text, 'latin1');
    this.#text = '';
    this.#socket.write(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }

  /** Writes what was gathered. False when the socket has enough: wait for its `drain`. */
  flush(): boolean {
    const socket = this.#socket;
    if (this.#text !== '') {
      socket.write(this.#text, 'latin1');
      this.#text = '';
    }
    if (this.#corked) {
      this.#corked = false;
      socket.uncork();
    }
    return !socket.writableNeedDrain;
  }
}

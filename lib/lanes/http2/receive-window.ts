import { ConnectionError, ERROR, windowUpdateFrame } from '../../http2/frames.ts';
import type { Outbox } from '../fast/outbox.ts';

/** What a peer may send on its connection, whatever the stream: it is told of more when that is worth a frame. */
export class ReceiveWindow {
  readonly #out: Outbox;
  readonly #size: number;
  #left: number;
  /** Given back, and not told to the peer. */
  #credit = 0;

  constructor(size: number, out: Outbox) {
    this.#out = out;
    this.#size = size;
    this.#left = size;
  }

  /** So much comes. Throws ConnectionError when it is more than was allowed. */
  take(length: number): void {
    this.#left -= length;
    if (this.#left < 0) throw new ConnectionError(ERROR.flowControl, 'more than the connection takes');
  }

  /** So much was dealt with. */
  giveBack(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit < this.#size / 2) return;
    this.#out.text(windowUpdateFrame(0, this.#credit));
    this.#out.flush();
    this.#left += this.#credit;
    this.#credit = 0;
  }
}

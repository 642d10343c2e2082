import type { Socket } from 'node:net';
import { hasUnsent } from '../unsent.ts';
import { owned } from './direct-reads.ts';
import type { Outlet } from './outbox.ts';

/** Writes through the socket's stream: for TLS, and wherever there is no other way. */
export class StreamOutlet implements Outlet {
  readonly #socket: Socket;
  #corked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get isSettled(): boolean {
    return this.#socket.writable && !hasUnsent(this.#socket);
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  writeWith(text: string, bytes: Buffer, start: number, end: number): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
    }
    if (text !== '') this.write(text);
    this.#socket.write(owned(bytes, start, end));
  }

  send(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }
}

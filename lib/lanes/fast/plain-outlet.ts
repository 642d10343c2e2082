import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { type BodyCopy, copyOf, giveBack } from './body-copies.ts';
import type { Outlet } from './outbox.ts';
import { lastWriteIsPending, newWriteRequest, type PlainHandle, type WriteRequest } from './plain-handle.ts';

// One for all writes that the kernel takes at once, which are nearly all: those leave it as it is.
let request: WriteRequest | undefined;

/** Writes to a plain socket's handle. */
export class PlainOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #handle: PlainHandle;
  /** Writes that the peer has not taken in full. */
  #pending = 0;
  #isBroken = false;
  /** What `writeWith` was given: buffers, and texts, each followed by what it is. */
  #pieces: (Buffer | string)[] | undefined;
  #copies: BodyCopy[] | undefined;

  constructor(socket: Socket, handle: PlainHandle) {
    this.#socket = socket;
    this.#handle = handle;
  }

  get isFull(): boolean {
    return this.#pending > 0;
  }

  get isSettled(): boolean {
    return this.#pending === 0 && !this.#isBroken;
  }

  write(text: string): void {
    if (this.#pieces !== undefined) {
      this.#pieces.push(text, 'latin1');
      return;
    }
    request ??= newWriteRequest();
    this.#wrote(this.#handle.writeLatin1String(request, text), undefined);
  }

  writeWith(text: string, bytes: Buffer, start: number, end: number): void {
    this.#pieces ??= [];
    this.#copies ??= [];
    const copy = copyOf(bytes, start, end);
    if (text !== '') this.#pieces.push(text, 'latin1');
    this.#pieces.push(copy.bytes, 'buffer');
    this.#copies.push(copy);
  }

  send(): void {
    const pieces = this.#pieces;
    if (pieces === undefined) return;
    const copies = this.#copies;
    this.#pieces = undefined;
    this.#copies = undefined;
    request ??= newWriteRequest();
    const [first] = pieces;
    this.#wrote(
      pieces.length === 2 && typeof first === 'object'
        ? this.#handle.writeBuffer(request, first)
        : this.#handle.writev(request, pieces, false),
      copies,
    );
  }

  #wrote(error: number, copies: readonly BodyCopy[] | undefined): void {
    if (error !== 0) {
      this.#fail(error);
      return;
    }
    if (!lastWriteIsPending()) {
      copies?.forEach(giveBack);
      return;
    }
    this.#pending += 1;
    request!.oncomplete = (status) => {
      this.#pending -= 1;
      copies?.forEach(giveBack);
      if (status < 0) this.#fail(status);
      else if (this.#pending === 0) this.#socket.emit('drain');
    };
    request = undefined;
  }

  /** As node's streams end a socket whose write failed. */
  #fail(errno: number): void {
    this.#isBroken = true;
    if (this.#socket.destroyed) return;
    const code = getSystemErrorName(errno);
    this.#socket.destroy(Object.assign(new Error(`write ${code}`), { errno, code, syscall: 'write' }));
  }
}

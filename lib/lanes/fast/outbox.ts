import type { Socket } from 'node:net';
import { type PlainHandle, plainHandle } from './plain-handle.ts';
import { PlainOutlet } from './plain-outlet.ts';
import { StreamOutlet } from './stream-outlet.ts';

/** Up to this size a piece of a body is cheaper copied into the text around it than written by itself. */
const COPY_BELOW = 4096;

/** Beyond this a text does not wait for its turn. */
const WRITE_NOW_ABOVE = 16 * 1024;

// One list for all sockets of the process. Writing them one after the other, once everything that came in a turn has
// been read, costs 25 us for a request where writing each at once cost 38: the peers are woken once for many writes
// instead of falling asleep in between.
let waiting: Outbox[] = [];

// Where each turn brings one message there is nothing to write it with, and waiting for the end of the turn is most of
// what the turn costs. After so many such turns so many messages are written at once, and then it is looked again.
const LONELY_TURNS = 8;
const WRITTEN_AT_ONCE = 64;
let lonelyTurns = 0;
let atOnce = 0;

function writeAll(): void {
  const boxes = waiting;
  waiting = [];
  lonelyTurns = boxes.length === 1 ? lonelyTurns + 1 : 0;
  if (lonelyTurns === LONELY_TURNS) {
    lonelyTurns = LONELY_TURNS - 1; // one more turn like that says that it goes on
    atOnce = WRITTEN_AT_ONCE;
  }
  for (const box of boxes) box.flushNow();
}

/** Where what was gathered leaves: a socket's handle where that is to be had, else its stream. */
export interface Outlet {
  write(text: string): void;
  /** `bytes` from `start` up to `end`, behind `text`, which may be empty. Leaves with `send`, or sooner. */
  writeWith(text: string, bytes: Buffer, start: number, end: number): void;
  send(): void;
  /** The peer does not take more for now: wait for the socket's `drain`. */
  readonly isFull: boolean;
  /** All has left, and more can be written. */
  readonly isSettled: boolean;
}

export function outletOf(socket: Socket): Outlet {
  const handle: PlainHandle | undefined = plainHandle(socket);
  return handle === undefined ? new StreamOutlet(socket) : new PlainOutlet(socket, handle);
}

/**
 * What is to be written to a socket in one turn, gathered so that a head and a small body leave in one write. Text is
 * latin1: one character a byte. Nothing else may write to the socket meanwhile.
 */
export class Outbox {
  /** Bytes given to the socket so far. Counted here: asking the socket costs a call into native code. */
  written = 0;
  readonly #outlet: Outlet;
  #text = '';
  /** Whether the outlet has something that it has not sent. */
  #begun = false;
  #waiting = false;

  constructor(socket: Socket) {
    this.#outlet = outletOf(socket);
  }

  /** Whether the peer has not taken what it got so far; the socket's `drain` tells when it has. */
  get needsDrain(): boolean {
    return this.#outlet.isFull;
  }

  /** Whether all that was flushed has left, and more can be written. */
  get isSettled(): boolean {
    return this.#outlet.isSettled;
  }

  text(text: string): void {
    this.#text += text;
  }

  /** `bytes` from `start` up to `end`. */
  bytes(bytes: Buffer, start: number, end: number): void {
    if (end - start < COPY_BELOW) {
      this.#text += bytes.toString('latin1', start, end);
      return;
    }
    const text = this.#text;
    this.#text = '';
    this.#begun = true;
    this.written += text.length + end - start;
    this.#outlet.writeWith(text, bytes, start, end);
  }

  /**
   * Has what was gathered written when this turn of the event loop has read all that came, or at once. False when the
   * socket has enough: wait for its `drain`.
   */
  flush(): boolean {
    if (this.#begun || this.#text.length > WRITE_NOW_ABOVE) return this.flushNow();
    if (!this.#waiting && this.#text !== '') {
      if (atOnce > 0) {
        atOnce -= 1;
        return this.flushNow();
      }
      this.#waiting = true;
      if (waiting.push(this) === 1) setImmediate(writeAll);
    }
    return !this.#outlet.isFull;
  }

  /** Writes what was gathered. False when the socket has enough: wait for its `drain`. */
  flushNow(): boolean {
    this.#waiting = false;
    const outlet = this.#outlet;
    const text = this.#text;
    if (text !== '') {
      this.#text = '';
      this.written += text.length;
      outlet.write(text);
    }
    if (this.#begun) {
      this.#begun = false;
      outlet.send();
    }
    return !outlet.isFull;
  }
}

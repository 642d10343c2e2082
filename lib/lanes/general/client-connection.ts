import type { Socket } from 'node:net';
import { LINGER_MS } from '../linger.ts';

/** Pipelined requests that wait behind the one being served; beyond it the connection is not read. */
const MAX_WAITING = 32;
const HEAD_PATIENCE = 5;

/**
 * One client connection. Requests on it are served one after the other: answers in order, and a pipelined request
 * sees the effect of the one before it (RFC 9112 §9.3.2 allows less only for safe methods).
 */
export class ClientConnection {
  readonly socket: Socket;
  /** An unreadable head or body came: whatever else arrives on it is not looked at. */
  refused = false;
  #active = false;
  #idleSince = performance.now();
  #bytesAtRest = 0;
  #abort: (() => boolean) | undefined;
  #bodyReceived: (() => boolean) | undefined;
  #waiting: (() => void)[] = [];
  #lingers = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  get busy(): boolean {
    return this.#active;
  }

  /** Runs `serve` now, or when all before it have left. */
  enter(serve: () => void): void {
    if (!this.#active) {
      this.#active = true;
      serve();
      return;
    }
    this.#waiting.push(serve);
    // Paused is a hint to node: the request being served may still read its own body.
    if (this.#waiting.length === MAX_WAITING) this.socket.pause();
  }

  /**
   * The exchange being served says how it ends when the client's body turns out to be no HTTP: `abort` returns
   * whether a part of the answer has been sent. Until `bodyReceived` answers true, bytes belong to that body.
   */
  onBrokenBody(abort: () => boolean, bodyReceived: () => boolean): void {
    this.#abort = abort;
    this.#bodyReceived = bodyReceived;
  }

  /** Whether what arrives now is part of the request being served. */
  get receiving(): boolean {
    return this.#abort !== undefined && !this.#bodyReceived?.();
  }

  /** Ends the exchange whose body is broken; whether the client has seen a part of its answer. */
  breakBody(): boolean {
    return this.#abort?.() ?? false;
  }

  /** Whether nothing was under way for that long; much longer when a part of a head has come. */
  idleFor(now: number, ms: number): boolean {
    if (this.#active || this.refused) return false;
    const headComing = this.socket.bytesRead > this.#bytesAtRest;
    return now - this.#idleSince >= (headComing ? HEAD_PATIENCE * ms : ms);
  }

  leave(): void {
    this.#abort = undefined;
    this.#idleSince = performance.now();
    this.#bytesAtRest = this.socket.bytesRead;
    // After an end there is nobody to answer; what was pipelined must not be done either, since the client will
    // send it again (RFC 9112 §9.3.2).
    if (!this.socket.writable) this.#waiting = [];
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#active = false;
      return;
    }
    if (this.#waiting.length === 0 && !this.socket.destroyed) this.socket.resume();
    next();
  }

  /**
   * Makes node's own end of the connection a patient one. The client may still be sending a body that nobody reads;
   * closing at once answers those bytes with a reset, and a reset takes the answer with it that is on its way
   * (RFC 9112 §9.6).
   */
  linger(): void {
    if (this.#lingers) return;
    this.#lingers = true;
    const { socket } = this;
    socket.destroySoon = (): void => {
      if (socket.destroyed) return;
      socket.end();
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => clearTimeout(timer));
      socket.resume();
    };
  }
}

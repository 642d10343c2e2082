import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer } from '../../request/answer.ts';
import type { ClientOrigin } from '../../request/client-origin.ts';
import type { Uploader } from '../body-rate.ts';
import { LINGER_MS } from '../linger.ts';

/** Pipelined requests that wait behind the one being served; beyond it the connection is not read. */
const MAX_WAITING = 32;
const HEAD_PATIENCE = 5;

/** The exchange being served, as far as its client's body is concerned. */
export interface BodyReceiver {
  /** Until this answers true, bytes belong to that body. */
  received(): boolean;
  /** Whether nothing is waited for but that body. */
  awaits(): boolean;
  /** It will not be received to its end, for the reason that `answer` gives; whether a part of another answer is out. */
  failed(answer: Answer): boolean;
}

/**
 * One client connection. Requests on it are served one after the other: answers in order, and a pipelined request
 * sees the effect of the one before it (RFC 9112 §9.3.2 allows less only for safe methods).
 */
export class ClientConnection implements Uploader {
  readonly socket: Socket;
  readonly origin: ClientOrigin;
  /** An unreadable head or body came: whatever else arrives on it is not looked at. */
  refused = false;
  pace: Uploader['pace'];
  /** The answer to the request being served. */
  answering: ServerResponse | undefined;
  #active = false;
  #idleSince = performance.now();
  #bytesAtRest = 0;
  #body: BodyReceiver | undefined;
  readonly #tooSlow: (client: ClientConnection) => void;
  #waiting: (() => void)[] = [];
  #lingers = false;

  /** `tooSlow` is called when the body being received comes too slowly. */
  constructor(socket: Socket, origin: ClientOrigin, tooSlow: (client: ClientConnection) => void) {
    this.socket = socket;
    this.origin = origin;
    this.#tooSlow = tooSlow;
  }

  get awaitsBody(): boolean {
    return this.receiving && this.#body!.awaits();
  }

  bodyTooSlow(): void {
    this.#tooSlow(this);
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

  /** The exchange being served has a body to come. */
  receive(body: BodyReceiver): void {
    this.#body = body;
  }

  /** Whether the last answer is on its way or out, and nothing but the end of the connection is waited for. */
  get lingers(): boolean {
    return this.#lingers;
  }

  /** Whether what arrives now is part of the request being served. */
  get receiving(): boolean {
    return this.#body !== undefined && !this.#body.received();
  }

  /** Ends the exchange whose body is not received to its end; whether the client has seen a part of its answer. */
  failBody(answer: Answer): boolean {
    return this.#body?.failed(answer) ?? false;
  }

  /** Whether nothing was under way for that long; much longer when a part of a head has come. */
  idleFor(now: number, ms: number): boolean {
    if (this.#active || this.refused) return false;
    const headComing = this.socket.bytesRead > this.#bytesAtRest;
    return now - this.#idleSince >= (headComing ? HEAD_PATIENCE * ms : ms);
  }

  leave(): void {
    this.#body = undefined;
    this.answering = undefined;
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

import { ERROR } from '../../http2/frames.ts';
import { type Answer, bodyTooSlow } from '../../request/answer.ts';
import type { Uploader } from '../body-rate.ts';
import type { ClientExchange, ClientSide } from '../exchange-sides.ts';
import type { Timed } from '../fast/deadlines.ts';
import { type AnswerOwner, AnswerStream } from './answer-stream.ts';
import type { SendWindows } from './send-windows.ts';

/** What a stream tells its connection. */
export interface ClientStreamOwner {
  readonly windows: SendWindows;
  /** Its exchange is over. */
  done(stream: ClientStream): void;
  /** The peer may send that much more, on the stream and on the connection. */
  credit(stream: ClientStream, bytes: number): void;
  /** Both directions are over. */
  closed(stream: ClientStream): void;
  /** Ends the stream with an error, or with none (RFC 9113 §6.4). */
  reset(stream: ClientStream, code: number): void;
  /** The same, and it is the peer's doing. */
  broken(stream: ClientStream, code: number): void;
}

const UNKNOWN = -1;

/** The client's side of one exchange over HTTP/2: a stream of its connection (RFC 9113 §5). */
export class ClientStream implements ClientSide, Timed, Uploader, AnswerOwner {
  readonly protocol = 'HTTP/2.0';
  readonly id: number;
  readonly out: AnswerStream;
  deadline = Number.POSITIVE_INFINITY;
  /** Whether the client has ended its half. */
  received: boolean;
  pace: Uploader['pace'];
  /** Of the body, as a socket counts them. */
  bytesRead = 0;
  /** Octets that the peer may still send on this stream. */
  receiveWindow: number;
  /** Received, and not given back to the windows. */
  owed = 0;
  /** Given back, and not told to the peer. */
  returned = 0;
  /** Neither side has anything more to say. */
  over = false;
  readonly #owner: ClientStreamOwner;
  readonly #announced: number;
  #paused = false;
  /** Whether an answer to a bad body is still to come, when the exchange is over. */
  #stopping = false;
  #exchange: ClientExchange | undefined;

  /** `announced`: the body's length, if the head names one. */
  constructor(
    id: number,
    received: boolean,
    announced: number | undefined,
    receiveWindow: number,
    owner: ClientStreamOwner,
  ) {
    this.id = id;
    this.received = received;
    this.receiveWindow = receiveWindow;
    this.#announced = announced ?? UNKNOWN;
    this.#owner = owner;
    this.out = new AnswerStream(id, owner.windows, owner.windows.ofStream, this);
  }

  /** From now on `exchange` is told what comes. */
  attach(exchange: ClientExchange): void {
    this.#exchange = exchange;
  }

  /** An answer from before the handlers, instead of an exchange. */
  refuse(answer: Answer, method: string, date: string): void {
    this.out.answer(answer, method, answer.status >= 400 && answer.status !== 417 ? '' : date);
    this.out.flush();
  }

  /* What the peer sends. */

  /** A DATA frame of `length` octets begins. */
  announce(length: number): void {
    this.receiveWindow -= length;
    this.owed += length;
  }

  body(bytes: Buffer, from: number, to: number): void {
    this.bytesRead += to - from;
    if (this.#announced !== UNKNOWN && this.bytesRead > this.#announced) {
      this.#owner.broken(this, ERROR.protocol);
      return;
    }
    this.#guarded((running) => running.requestBody(bytes, from, to));
  }

  bodyFlush(): void {
    this.#guarded((running) => running.requestFlush());
    if (!this.#paused) this.#giveBack();
  }

  bodyEnd(trailers: readonly string[] | undefined): void {
    if (this.#announced !== UNKNOWN && this.bytesRead !== this.#announced) {
      this.#owner.broken(this, ERROR.protocol);
      return;
    }
    this.received = true;
    this.#guarded((running) => {
      running.requestEnd(trailers);
      running.requestFlush();
    });
    this.#checkOver();
  }

  /** The stream was reset, or its connection is gone. */
  gone(): void {
    if (this.over) return;
    this.over = true;
    this.out.abandon();
    this.#giveBack();
    this.#guarded((running) => running.clientGone());
  }

  /* What the exchange asks for. */

  pause(): void {
    this.#paused = true;
    this.pace = undefined;
  }

  resume(): void {
    this.#paused = false;
    this.#giveBack();
  }

  get socket(): { readonly bytesRead: number } {
    return this;
  }

  get awaitsBody(): boolean {
    return !this.received && !this.#paused && this.#exchange?.awaitsBody === true;
  }

  bodyTooSlow(): void {
    this.#guarded((running) => {
      const answer = bodyTooSlow();
      this.#stopping = true;
      if (running.bodyFailed(answer)) this.cut();
      else this.refuse(answer, '', '');
    });
  }

  cut(): void {
    this.#exchange = undefined; // it knows
    this.#owner.reset(this, ERROR.internal);
  }

  exchangeDone(): void {
    this.#exchange = undefined;
    this.#owner.done(this);
    if (!this.#stopping && !this.out.began) this.cut();
    this.#paused = false;
    this.#giveBack();
  }

  overdue(now: number): void {
    this.#guarded((running) => running.overdue(now));
  }

  /* What the answer tells. */

  answered(): void {
    // The rest of a body that nobody wants (RFC 9113 §8.1).
    if (this.received) this.#checkOver();
    else {
      this.#exchange = undefined; // it is about to end by itself
      this.#owner.reset(this, ERROR.none);
    }
  }

  drained(): void {
    this.#guarded((running) => running.responseDrained());
  }

  #checkOver(): void {
    if (this.over || !this.received || !this.out.closed) return;
    this.over = true;
    this.#owner.closed(this);
  }

  #giveBack(): void {
    if (this.owed > 0) this.#owner.credit(this, this.owed);
  }

  #guarded(tell: (exchange: ClientExchange) => void): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    try {
      tell(exchange);
    } catch (error) {
      exchange.panic(error);
    }
  }
}

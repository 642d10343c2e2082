import { constants, type ServerHttp2Stream } from 'node:http2';
import { type Answer, bodyTooSlow } from '../../request/answer.ts';
import type { Uploader } from '../body-rate.ts';
import type { ClientExchange, ClientSide } from '../exchange-sides.ts';
import type { Timed } from '../fast/deadlines.ts';
import { StreamAnswer } from './stream-answer.ts';

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;

/** What a stream tells its connection. */
export interface ClientStreamOwner {
  /** Its exchange is over. */
  done(stream: ClientStream): void;
}

/** The client's side of one exchange over HTTP/2: a stream of its connection. */
export class ClientStream implements ClientSide, Timed, Uploader {
  readonly protocol = 'HTTP/2.0';
  readonly out: StreamAnswer;
  deadline = Number.POSITIVE_INFINITY;
  received: boolean;
  pace: Uploader['pace'];
  /** Of the body, as a socket counts them. */
  bytesRead = 0;
  #paused = false;
  /** Whether an answer to a bad body is still to come, when the exchange is over. */
  #stopping = false;
  readonly #stream: ServerHttp2Stream;
  readonly #owner: ClientStreamOwner;
  #exchange: ClientExchange | undefined;
  #trailers: readonly string[] | undefined;

  /** `received`: whether no body follows the head. */
  constructor(stream: ServerHttp2Stream, received: boolean, owner: ClientStreamOwner) {
    this.#stream = stream;
    this.#owner = owner;
    this.received = received;
    this.out = new StreamAnswer(stream, this);
  }

  /** From now on `exchange` is told what comes. */
  attach(exchange: ClientExchange): void {
    this.#exchange = exchange;
    const stream = this.#stream;
    stream.on('close', this.#onGone);
    if (this.received) return;
    // A reset without an error leaves a stream open whose body is not read for now.
    stream.on('aborted', this.#onGone);
    stream.on('data', (bytes: Buffer) =>
      this.#guarded((running) => {
        this.bytesRead += bytes.length;
        running.requestBody(bytes, 0, bytes.length);
        running.requestFlush();
      }),
    );
    stream.on('trailers', (_fields, _flags, ...[raw]: [raw?: readonly string[]]) => {
      this.#trailers = raw;
    });
    stream.on('end', () => {
      // Node ends a stream that was reset as well: what came of its body is not all of it.
      if (this.received || stream.aborted || stream.rstCode !== NGHTTP2_NO_ERROR) return;
      this.received = true;
      this.#guarded((running) => {
        running.requestEnd(this.#trailers);
        running.requestFlush();
      });
    });
  }

  /** An answer from before the handlers, instead of an exchange. */
  refuse(answer: Answer, method: string, date: string): void {
    this.out.answer(answer, method, answer.status >= 400 && answer.status !== 417 ? '' : date);
    this.out.flush();
    this.#dropBody();
  }

  pause(): void {
    this.#paused = true;
    this.pace = undefined;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.received) this.#stream.resume();
  }

  /** The client takes more again. */
  drained(): void {
    this.#guarded((running) => running.responseDrained());
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
    if (!this.#stream.destroyed) this.#stream.close(NGHTTP2_INTERNAL_ERROR);
  }

  exchangeDone(): void {
    this.#exchange = undefined;
    this.#owner.done(this);
    if (!this.#stopping) this.#dropBody();
  }

  overdue(now: number): void {
    this.#guarded((running) => running.overdue(now));
  }

  /** The rest of a body that nobody wants (RFC 9113 §8.1). */
  #dropBody(): void {
    if (!this.received && !this.#stream.destroyed) this.#stream.close(NGHTTP2_NO_ERROR);
  }

  readonly #onGone = (): void => this.#guarded((running) => running.clientGone());

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

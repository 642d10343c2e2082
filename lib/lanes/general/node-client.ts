import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from '../../request/answer.ts';
import type { Framing } from '../../request/framing.ts';
import { forwardableTrailers } from '../../request/trailers.ts';
import type { AnswerSink, ClientExchange, ClientSide } from '../exchange-sides.ts';
import { owned } from '../fast/direct-reads.ts';
import { informationText } from '../information.ts';
import { LINGER_BYTES } from '../linger.ts';
import { sendAnswer, writeRelayedHead } from './answer-writer.ts';
import type { ClientConnection } from './client-connection.ts';
import { pairs } from './request-body.ts';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * A request of node's server as the client's side of an exchange that is not http-proxy-3's: for endpoints that speak
 * HTTP/2.
 */
export class NodeClient implements ClientSide, AnswerSink {
  readonly protocol: string;
  readonly out: AnswerSink = this;
  received: boolean;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #client: ClientConnection;
  #exchange: ClientExchange | undefined;
  #deadline = NEVER;
  #timer: NodeJS.Timeout | undefined;
  #chunked = false;
  /** Whether the client can tell a complete body from one that was cut off. */
  #delimited = true;
  #done = false;
  #closed = false;
  #dropped = 0;
  readonly #onLeft: () => void;

  /** `onLeft` is called once, when the exchange is over and the response closed. */
  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    client: ClientConnection,
    framing: Framing,
    onLeft: () => void,
  ) {
    this.protocol = req.httpVersionMinor === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
    this.#req = req;
    this.#res = res;
    this.#client = client;
    this.#onLeft = onLeft;
    this.received = framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0);
  }

  /** From now on `exchange` is told what comes. */
  attach(exchange: ClientExchange): void {
    this.#exchange = exchange;
    const req = this.#req;
    const res = this.#res;
    req.on('error', ignore); // both are told by `close`
    res.on('error', ignore);
    res.on('drain', () => this.#tell((running) => running.responseDrained()));
    res.once('close', () => {
      this.#closed = true;
      if (!res.writableFinished) this.#tell((running) => running.clientGone());
      this.#leave();
    });
    this.#client.receive({
      received: () => req.complete,
      awaits: () => !res.headersSent && !this.received && exchange.awaitsBody,
      failed: (answer) => exchange.bodyFailed(answer),
    });
    if (this.received) {
      req.resume();
      return;
    }
    req.on('data', (bytes: Buffer) => this.#body(bytes));
    req.on('end', () => {
      this.received = true;
      this.#tell((running) => {
        running.requestEnd(req.rawTrailers);
        running.requestFlush();
      });
    });
  }

  get deadline(): number {
    return this.#deadline;
  }

  set deadline(at: number) {
    this.#deadline = at;
    clearTimeout(this.#timer);
    if (at === NEVER || this.#done) return;
    const left = Math.max(1, at - performance.now());
    this.#timer = setTimeout(
      () => this.#tell((running) => running.overdue(Math.max(at, performance.now()))),
      left,
    );
  }

  pause(): void {
    this.#req.pause();
  }

  resume(): void {
    this.#req.resume();
  }

  cut(): void {
    const { socket } = this.#res;
    // Where only the end of the connection ends the body, an orderly end would look like the end of the body.
    if (!this.#delimited && socket !== null && !socket.destroyed) socket.resetAndDestroy();
    this.#res.destroy();
  }

  exchangeDone(): void {
    this.#done = true;
    clearTimeout(this.#timer);
    this.#exchange = undefined;
    if (!this.received) this.#req.resume(); // what still comes is dropped, up to a limit
    this.#leave();
  }

  head(...[{ status, body }, , headers, close]: Parameters<AnswerSink['head']>): void {
    if (close && !this.received) this.#client.linger();
    const hasLength = body === 'length' || body === 'none';
    ({ chunked: this.#chunked, delimited: this.#delimited } = writeRelayedHead(
      this.#res,
      status,
      headers,
      hasLength,
      close,
    ));
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#res.write(owned(bytes, start, end));
  }

  end(trailers: readonly string[] | undefined): void {
    const kept = trailers === undefined || !this.#chunked ? [] : forwardableTrailers(trailers);
    if (kept.length > 0) this.#res.addTrailers(pairs(kept));
    this.#res.end();
  }

  information(status: number, headers: readonly string[]): void {
    if (this.#req.httpVersionMinor === 0) return; // RFC 9110 §15.2
    this.#res.socket?.write(informationText(status, undefined, headers), 'latin1');
  }

  proceed(): void {
    if (!this.#res.headersSent && !this.#res.destroyed) this.#res.writeContinue();
  }

  answer(answer: Answer, _method: string, _date: string, close: boolean): void {
    if (close && !this.received) this.#client.linger();
    sendAnswer(this.#res, answer, close);
  }

  flush(): boolean {
    if (this.#res.headersSent && !this.#res.writableEnded) this.#res.flushHeaders();
    return !this.#res.writableNeedDrain;
  }

  #body(bytes: Buffer): void {
    if (this.#exchange === undefined) {
      this.#dropped += bytes.length;
      if (this.#dropped > LINGER_BYTES) this.#client.socket.destroy();
      return;
    }
    this.#tell((running) => {
      running.requestBody(bytes, 0, bytes.length);
      running.requestFlush();
    });
  }

  #leave(): void {
    if (this.#done && this.#closed) this.#onLeft();
  }

  #tell(what: (exchange: ClientExchange) => void): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    try {
      what(exchange);
    } catch (error) {
      exchange.panic(error);
    }
  }
}

function ignore(): void {}

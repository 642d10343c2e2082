import type { ReceivedHead } from '../http1/lines-text.ts';
import type { ParsedResponse } from '../http1/parse-response.ts';
import type { Answer } from '../request/answer.ts';
import type { Framing } from '../request/framing.ts';
import type { RequestFields } from '../request/headers-in.ts';
import type { ReceivedRequest } from '../request/sound-request.ts';
import type { AttemptConnection } from './attempts.ts';

/*
 * The two sides of an exchange, whichever version of HTTP each of them speaks. What is written gathers until a flush.
 */

/** One request, as its client's connection drives it. */
export interface ClientExchange {
  /** Bytes of the request's body from `start` up to `end`; they hold until this returns. */
  requestBody(bytes: Buffer, start: number, end: number): void;
  requestEnd(trailers: readonly string[] | undefined): void;
  /** All of what came at once has been told. */
  requestFlush(): void;
  clientGone(): void;
  /** Whether nothing is waited for but the client's body. */
  readonly awaitsBody: boolean;
  /** The body will not be received to its end; `answer` says why. Whether the client has seen a part of another answer. */
  bodyFailed(answer: Answer): boolean;
  /** The client takes more again. */
  responseDrained(): void;
  overdue(now: number): void;
  /** Something of ours threw: the exchange ends. Never throws. */
  panic(error: unknown): void;
}

/** Towards a client: answers, each a head, a body and an end. */
export interface AnswerSink {
  /**
   * A proxied answer's head: `headers` in place of those of the `response`. `close`: it is the last on its connection,
   * where that ends with an answer.
   */
  head(response: ResponseHead, method: string, headers: readonly string[], close: boolean): void;
  /** `bytes` may be overwritten once this returns: what is not written by then is kept as `owned` (direct-reads.ts). */
  body(bytes: Buffer, start: number, end: number): void;
  end(trailers: readonly string[] | undefined): void;
  /** An interim head other than 100 and 101, as the endpoint sent it. */
  information(status: number, headers: readonly string[]): void;
  /** Has the client send its body. */
  proceed(): void;
  /** An answer of the router's own, whole. */
  answer(answer: Answer, method: string, date: string, close: boolean): void;
  /** False when the client has enough: `responseDrained` follows. */
  flush(): boolean;
}

/** The client's side of one exchange. */
export interface ClientSide {
  /** As the access log names it. */
  readonly protocol: string;
  readonly out: AnswerSink;
  /** performance.now() from which the exchange is told `overdue`. */
  deadline: number;
  /** Whether the body of the request has come to its end. */
  readonly received: boolean;
  /** Reads no more of the body until `resume`. */
  pause(): void;
  resume(): void;
  /** The client left, or what it has of an answer will never be whole: it must not look complete. */
  cut(): void;
  /** The exchange is over, at `now` by performance.now(). `close`: its answer was the last on its connection. */
  exchangeDone(close: boolean, now: number): void;
}

/** Who is told what comes back from an endpoint: the exchange that its connection is leased to. */
export interface ResponseReader {
  readonly method: string;
  /** A response head, 1xx other than 101 included. False: it is not wanted, the link was destroyed. */
  responseHead(head: ResponseHead): boolean;
  /** Bytes of the body from `start` up to `end`; they hold until this returns. */
  responseBody(bytes: Buffer, start: number, end: number): void;
  /** The response is complete; what was told since the last flush may go out. */
  responseEnd(trailers: readonly string[] | undefined): void;
  /** All of what came at once has been told. */
  responseFlush(): void;
  /** The connection broke, or the response was none; with or without a head before. */
  responseFailed(error: Error): void;
  /** The endpoint takes more again. */
  requestDrained(): void;
  /** Something of ours threw: the exchange ends. Never throws. */
  panic(error: unknown): void;
}

/** What an exchange reads of a response head. */
export type ResponseHead = Pick<ParsedResponse, 'status' | 'headers' | 'body' | keyof ReceivedHead>;

/** Towards an endpoint: one request. */
export interface RequestSink {
  /** `fields`: from endpointHead, HTTP/1.1's framing included; `received`: what the client sent. */
  head(
    method: string,
    target: string,
    fields: RequestFields,
    framing: Framing,
    received: ReceivedRequest | undefined,
  ): void;
  /** `bytes` may be overwritten once this returns: what is not written by then is kept as `owned` (direct-reads.ts). */
  body(bytes: Buffer, start: number, end: number): void;
  end(trailers: readonly string[] | undefined): void;
  /** False when the endpoint has enough: `requestDrained` follows. */
  flush(): boolean;
}

/** The endpoint's side of one exchange, leased to it. */
export interface EndpointSide extends AttemptConnection {
  readonly out: RequestSink;
  /** From now on `reader` is told. Nothing is told before this returns. */
  read(reader: ResponseReader): void;
  /** Reads no more of the response until `resume`. */
  pause(): void;
  resume(): void;
  /** The exchange ended as it should at `now` (performance.now()), its request sent completely: another may follow. */
  release(now: number): void;
}

import type { ServerHttp2Stream } from 'node:http2';
import { isBodiless, type ResponseBody } from '../../http1/response-framing.ts';
import { interimFields, ownFields, relayedFields } from '../../http2/answer-fields.ts';
import { fieldObject } from '../../http2/fields.ts';
import type { Answer } from '../../request/answer.ts';
import { forwardableTrailers } from '../../request/trailers.ts';
import type { AnswerSink } from '../exchange-sides.ts';
import { owned } from '../fast/direct-reads.ts';

const NONE: readonly string[] = [];

/** Who is told that more is taken. */
export interface AnswerReader {
  drained(): void;
}

/**
 * Writes one answer to a stream. The head waits for what comes with it, so that a small answer costs one call and an
 * answer without a body ends with its head.
 */
export class StreamAnswer implements AnswerSink {
  readonly #stream: ServerHttp2Stream;
  #head: string[] | undefined;
  #bodiless = false;
  #pending: Buffer[] = [];
  #trailers: readonly string[] = NONE;
  #ended = false;
  /** Node asks for the trailers when all of the body has left. */
  #trailersLater = false;
  #closed = false;
  #waiting = false;
  readonly #reader: AnswerReader;

  constructor(stream: ServerHttp2Stream, reader: AnswerReader) {
    this.#stream = stream;
    this.#reader = reader;
  }

  /** Whether a head has left. */
  get began(): boolean {
    return this.#stream.headersSent;
  }

  head(status: number, method: string, headers: readonly string[], body: ResponseBody): void {
    this.#head = relayedFields(status, method, headers, body);
    this.#bodiless = isBodiless(status, method);
  }

  body(bytes: Buffer, start: number, end: number): void {
    if (this.#bodiless) return;
    this.#pending.push(owned(bytes, start, end));
  }

  end(trailers: readonly string[] | undefined): void {
    this.#ended = true;
    if (trailers !== undefined && !this.#bodiless) this.#trailers = forwardableTrailers(trailers);
  }

  information(status: number, headers: readonly string[]): void {
    this.#inform(fieldObject(interimFields(status, headers)));
  }

  proceed(): void {
    this.#inform({ ':status': 100 });
  }

  answer(answer: Answer, method: string, date: string): void {
    this.#head = ownFields(answer, date);
    this.#bodiless = method === 'HEAD';
    if (answer.body !== '' && !this.#bodiless) this.#pending.push(Buffer.from(answer.body, 'latin1'));
    this.#ended = true;
  }

  flush(): boolean {
    const stream = this.#stream;
    if (stream.destroyed || this.#closed) return true;
    if (this.#head !== undefined) this.#respond(this.#head);
    const pending = this.#pending;
    if (pending.length > 0) {
      this.#pending = [];
      const last = this.#ended ? pending.length - 1 : pending.length;
      for (let i = 0; i < last; i += 1) stream.write(pending[i]!);
      if (this.#ended) this.#close(pending[last]);
    } else if (this.#ended) this.#close(undefined);
    if (!stream.writableNeedDrain) return true;
    // Nearly no answer is held up: a listener for those that are.
    if (!this.#waiting) stream.once('drain', this.#onDrain);
    this.#waiting = true;
    return false;
  }

  #respond(head: string[]): void {
    this.#head = undefined;
    const endStream =
      this.#bodiless || (this.#ended && this.#pending.length === 0 && this.#trailers.length === 0);
    this.#trailersLater = !endStream && (!this.#ended || this.#trailers.length > 0);
    // In every answer whose end is not known yet: else node ends a stream that is cut with END_STREAM, and a part of a
    // body would look like the whole.
    if (this.#trailersLater) this.#stream.once('wantTrailers', () => this.#sendTrailers());
    this.#closed = endStream;
    const options = { endStream, waitForTrailers: this.#trailersLater, sendDate: false };
    this.#stream.respond(head, options);
  }

  #close(last: Buffer | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    if (last === undefined) this.#stream.end();
    else this.#stream.end(last);
  }

  readonly #onDrain = (): void => {
    this.#waiting = false;
    this.#reader.drained();
  };

  #sendTrailers(): void {
    // Without any, node ends the stream with an empty DATA frame.
    if (!this.#stream.destroyed) this.#stream.sendTrailers(fieldObject(this.#trailers));
  }

  #inform(fields: Record<string, unknown>): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.headersSent) return;
    try {
      stream.additionalHeaders(fields as Record<string, string>);
    } catch {
      // A field that cannot be written costs its interim answer, which is extra by definition.
    }
  }
}

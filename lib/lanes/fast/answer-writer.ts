import { CHUNK_END, chunkHead, lastChunk } from '../../http1/chunked-encoder.ts';
import type { ResponseBody } from '../../http1/response-framing.ts';
import type { Answer } from '../../request/answer.ts';
import { forwardableTrailers } from '../../request/trailers.ts';
import type { AnswerSink } from '../exchange-sides.ts';
import { informationText } from '../information.ts';
import { answerText } from './answer-text.ts';
import { Outbox } from './outbox.ts';
import { relayedHead } from './relayed-head.ts';

/** Writes answers in HTTP/1.1, one after the other. */
export class AnswerWriter extends Outbox implements AnswerSink {
  #chunked = false;

  head(status: number, method: string, headers: readonly string[], body: ResponseBody, close: boolean): void {
    const { text, chunked } = relayedHead(status, method, headers, body, close);
    this.#chunked = chunked;
    this.text(text);
  }

  body(bytes: Buffer, start: number, end: number): void {
    if (!this.#chunked) {
      this.bytes(bytes, start, end);
      return;
    }
    this.text(chunkHead(end - start));
    this.bytes(bytes, start, end);
    this.text(CHUNK_END);
  }

  end(trailers: readonly string[] | undefined): void {
    if (!this.#chunked) return;
    this.text(lastChunk(trailers === undefined ? [] : forwardableTrailers(trailers)));
  }

  information(status: number, headers: readonly string[]): void {
    this.text(informationText(status, undefined, headers));
  }

  proceed(): void {
    this.text('HTTP/1.1 100 Continue\r\n\r\n');
  }

  answer(answer: Answer, method: string, date: string, close: boolean): void {
    this.text(answerText(answer, { close, date, head: method === 'HEAD' }));
  }
}

import type { Answer } from '../../request/answer.ts';
import type { AnswerSink, ResponseHead } from '../exchange-sides.ts';
import { informationText } from '../information.ts';
import { answerText } from './answer-text.ts';
import { MessageWriter } from './message-writer.ts';
import { relayedHead } from './relayed-head.ts';

/** Writes answers in HTTP/1.1, one after the other. */
export class AnswerWriter extends MessageWriter implements AnswerSink {
  head(response: ResponseHead, method: string, headers: readonly string[], close: boolean): void {
    const { text, chunked } = relayedHead(response, method, headers, close);
    this.begin(text, chunked);
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

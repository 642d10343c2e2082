import type { Answer } from '../../request/answer.ts';

export interface AnswerTextOptions {
  /** Whether it is the last on its connection. */
  readonly close: boolean;
  /** IMF-fixdate; empty = no Date. */
  readonly date: string;
  /** Whether the request was HEAD, whose answer has no body. */
  readonly head?: boolean;
}

/** An answer of the router's own, as bytes (latin1). */
export function answerText(answer: Answer, { close, date, head = false }: AnswerTextOptions): string {
  let text = `HTTP/1.1 ${answer.status} ${answer.reason}\r\n`;
  for (let i = 0; i < answer.headers.length; i += 2) {
    text += `${answer.headers[i]}: ${answer.headers[i + 1]}\r\n`;
  }
  if (date !== '') text += `Date: ${date}\r\n`;
  if (close) text += 'Connection: close\r\n';
  return head ? `${text}\r\n` : `${text}\r\n${answer.body}`;
}

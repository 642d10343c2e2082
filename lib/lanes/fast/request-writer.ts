import type { Framing } from '../../request/framing.ts';
import type { RequestSink } from '../exchange-sides.ts';
import { MessageWriter } from './message-writer.ts';

/** Writes requests in HTTP/1.1, one after the other. */
export class RequestWriter extends MessageWriter implements RequestSink {
  head(method: string, target: string, headers: readonly string[], framing: Framing): void {
    let text = `${method} ${target} HTTP/1.1\r\n`;
    for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
    this.begin(`${text}\r\n`, framing.kind === 'chunked');
  }
}

import { linesText } from '../../http1/lines-text.ts';
import type { Framing } from '../../request/framing.ts';
import type { RequestFields } from '../../request/headers-in.ts';
import { ownText } from '../../request/own-fields.ts';
import type { ReceivedRequest } from '../../request/sound-request.ts';
import type { RequestSink } from '../exchange-sides.ts';
import { MessageWriter } from './message-writer.ts';

/** Writes requests in HTTP/1.1, one after the other. */
export class RequestWriter extends MessageWriter implements RequestSink {
  head(
    method: string,
    target: string,
    { kept, own }: RequestFields,
    framing: Framing,
    received: ReceivedRequest | undefined,
  ): void {
    const text =
      received?.target === target && received.fieldsAt !== -1
        ? linesText(kept, received, 0)
        : method + ' ' + target + ' HTTP/1.1\r\n' + linesText(kept, received);
    this.begin(text + ownText(own) + '\r\n', framing.kind === 'chunked');
  }
}

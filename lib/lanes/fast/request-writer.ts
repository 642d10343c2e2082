import { CHUNK_END, chunkHead, lastChunk } from '../../http1/chunked-encoder.ts';
import type { Framing } from '../../request/framing.ts';
import { forwardableTrailers } from '../../request/trailers.ts';
import type { RequestSink } from '../exchange-sides.ts';
import { Outbox } from './outbox.ts';

/** Writes requests in HTTP/1.1, one after the other. */
export class RequestWriter extends Outbox implements RequestSink {
  #chunked = false;

  head(method: string, target: string, headers: readonly string[], framing: Framing): void {
    this.#chunked = framing.kind === 'chunked';
    let text = `${method} ${target} HTTP/1.1\r\n`;
    for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
    this.text(`${text}\r\n`);
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
}

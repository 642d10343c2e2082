import { CHUNK_END, chunkHead, lastChunk } from '../../http1/chunked-encoder.ts';
import { forwardableTrailers } from '../../request/trailers.ts';
import { Outbox } from './outbox.ts';

/** Writes messages in HTTP/1.1, one after the other: a head, its body in the framing that the head tells, its end. */
export class MessageWriter extends Outbox {
  #chunked = false;

  /** Begins a message; `head` is whole, its empty line included. */
  protected begin(head: string, chunked: boolean): void {
    this.#chunked = chunked;
    this.text(head);
  }

  /** `bytes` from `start` up to `end`, at least one. */
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

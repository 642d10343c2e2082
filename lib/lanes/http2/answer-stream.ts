import { isBodiless } from '../../http1/response-framing.ts';
import { interimFields, ownFields, relayedFields } from '../../http2/answer-fields.ts';
import { FLAG, FRAME, frameHeader, headersFrames } from '../../http2/frames.ts';
import { encodeFields } from '../../http2/hpack/encoder.ts';
import type { Answer } from '../../request/answer.ts';
import { forwardableTrailers } from '../../request/trailers.ts';
import type { AnswerSink, ResponseHead } from '../exchange-sides.ts';
import { owned } from '../fast/direct-reads.ts';
import type { Outbox } from '../fast/outbox.ts';

/** Up to this size a piece of a body waits as text for what comes with it. */
const HELD_BYTES = 4096;

/** What all answers of a connection share. */
export interface AnswerChannel {
  readonly out: Outbox;
  /** Octets of DATA that the peer takes on the connection. */
  sendWindow: number;
  /** Of a frame's payload, as the peer takes it. */
  readonly maxFrame: number;
}

/** Who is told what becomes of an answer. */
export interface AnswerOwner {
  /** All of the answer has left. */
  answered(): void;
  /** More of it may come: what was held up has left. */
  drained(): void;
}

/**
 * Writes one answer in HTTP/2, as the windows of its stream and connection let it (RFC 9113 §5.2). Head, a small body
 * and the end leave in one piece.
 */
export class AnswerStream implements AnswerSink {
  /** Octets of DATA that the peer takes on this stream. */
  sendWindow: number;
  /** Whether a head has left, or is about to. */
  began = false;
  readonly #id: number;
  readonly #channel: AnswerChannel;
  readonly #owner: AnswerOwner;
  #head: string[] | undefined;
  #bodiless = false;
  /** latin1 text. */
  #held = '';
  /** What the windows do not let out yet. */
  #queue: Buffer[] = [];
  #waiting = false;
  #ended = false;
  #trailers: readonly string[] | undefined;
  #closed = false;

  constructor(id: number, channel: AnswerChannel, sendWindow: number, owner: AnswerOwner) {
    this.#id = id;
    this.#channel = channel;
    this.sendWindow = sendWindow;
    this.#owner = owner;
  }

  /** Whether all of it has left, or none will. */
  get closed(): boolean {
    return this.#closed;
  }

  head({ status, body }: ResponseHead, method: string, headers: readonly string[]): void {
    this.#head = relayedFields(status, method, headers, body);
    this.began = true;
    this.#bodiless = isBodiless(status, method);
  }

  body(bytes: Buffer, start: number, end: number): void {
    if (this.#bodiless || this.#closed) return;
    this.#sendHead(false);
    if (this.#held.length + end - start < HELD_BYTES) {
      this.#held += bytes.toString('latin1', start, end);
      return;
    }
    this.#sendHeld(false);
    this.#send(bytes, start, end);
  }

  end(trailers: readonly string[] | undefined): void {
    const kept = trailers === undefined || this.#bodiless ? undefined : forwardableTrailers(trailers);
    this.#end(kept);
  }

  information(status: number, headers: readonly string[]): void {
    if (!this.began) this.#write(interimFields(status, headers), false);
  }

  proceed(): void {
    if (!this.began) this.#write([':status', '100'], false);
  }

  answer(answer: Answer, method: string, date: string): void {
    this.#head = ownFields(answer, date);
    this.began = true;
    this.#bodiless = method === 'HEAD';
    if (answer.body !== '' && !this.#bodiless) {
      const bytes = Buffer.from(answer.body, 'latin1');
      this.body(bytes, 0, bytes.length);
    }
    this.#end(undefined);
  }

  flush(): boolean {
    if (!this.#closed) {
      this.#sendHead(false);
      this.#sendHeld(false);
    }
    const room = this.#channel.out.flush();
    if (this.#closed || (room && this.#queue.length === 0)) return true;
    this.#waiting = true;
    return false;
  }

  /** The windows have grown, or the socket takes more. */
  resume(): void {
    while (this.#queue.length > 0) {
      const first = this.#queue.shift()!;
      const sent = this.#sendWithin(first, 0, first.length);
      if (sent < first.length) {
        this.#queue.unshift(first.subarray(sent));
        return;
      }
    }
    if (this.#ended) this.#finish();
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#owner.drained();
  }

  /** Nothing more leaves. */
  abandon(): void {
    this.#closed = true;
    this.#queue = [];
    this.#held = '';
    this.#head = undefined;
  }

  #end(trailers: readonly string[] | undefined): void {
    if (this.#closed || this.#ended) return;
    this.#ended = true;
    this.#trailers = trailers === undefined || trailers.length === 0 ? undefined : trailers;
    this.#finish();
  }

  #finish(): void {
    if (this.#closed || this.#queue.length > 0) return;
    if (this.#bodiless || (this.#head !== undefined && this.#trailers === undefined)) {
      this.#sendHead(true);
      this.#close();
      return;
    }
    this.#sendHead(false);
    const last = this.#trailers === undefined;
    if (last) {
      if (this.#held !== '') {
        this.#sendHeld(true);
        if (this.#queue.length > 0) return;
      } else this.#channel.out.text(frameHeader(0, FRAME.data, FLAG.endStream, this.#id));
    } else {
      this.#sendHeld(false);
      if (this.#queue.length > 0) return;
      this.#write(lowerNames(this.#trailers!), true);
    }
    this.#close();
  }

  #close(): void {
    this.#closed = true;
    this.#owner.answered();
  }

  #sendHead(endStream: boolean): void {
    const fields = this.#head;
    if (fields === undefined) return;
    this.#head = undefined;
    this.#write(fields, endStream || this.#bodiless);
  }

  #write(fields: readonly string[], endStream: boolean): void {
    const { out, maxFrame } = this.#channel;
    out.text(headersFrames(this.#id, encodeFields(fields), endStream, maxFrame));
  }

  /** Sends what is held. What does not fit the windows goes to the queue, and the stream's end after it. */
  #sendHeld(endStream: boolean): void {
    const held = this.#held;
    if (held === '') return;
    this.#held = '';
    const channel = this.#channel;
    const { length } = held;
    if (this.#queue.length === 0 && length <= Math.min(this.sendWindow, channel.sendWindow)) {
      this.sendWindow -= length;
      channel.sendWindow -= length;
      channel.out.text(frameHeader(length, FRAME.data, endStream ? FLAG.endStream : 0, this.#id) + held);
      return;
    }
    const bytes = Buffer.from(held, 'latin1');
    this.#send(bytes, 0, length);
    if (endStream && this.#queue.length === 0) {
      channel.out.text(frameHeader(0, FRAME.data, FLAG.endStream, this.#id));
    }
  }

  #send(bytes: Buffer, start: number, end: number): void {
    const sent = this.#queue.length > 0 ? start : this.#sendWithin(bytes, start, end);
    if (sent < end) this.#queue.push(owned(bytes, sent, end));
  }

  /** Sends as much as the windows allow; returns up to where. */
  #sendWithin(bytes: Buffer, start: number, end: number): number {
    const channel = this.#channel;
    let at = start;
    while (at < end) {
      const size = Math.min(end - at, this.sendWindow, channel.sendWindow, channel.maxFrame);
      if (size <= 0) return at;
      this.sendWindow -= size;
      channel.sendWindow -= size;
      channel.out.text(frameHeader(size, FRAME.data, 0, this.#id));
      channel.out.bytes(bytes, at, at + size);
      at += size;
    }
    return at;
  }
}

function lowerNames(fields: readonly string[]): string[] {
  return fields.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}

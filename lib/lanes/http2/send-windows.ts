import {
  ConnectionError,
  DEFAULT_MAX_FRAME,
  DEFAULT_WINDOW,
  ERROR,
  LARGEST_WINDOW,
} from '../../http2/frames.ts';
import type { Outbox } from '../fast/outbox.ts';
import type { AnswerChannel } from './answer-stream.ts';
import type { ClientStream } from './client-stream.ts';
import type { OpenStreams } from './open-streams.ts';

/** What the peer takes: on the connection, on each stream, in one frame (RFC 9113 §6.9). */
export class SendWindows implements AnswerChannel {
  readonly out: Outbox;
  sendWindow = DEFAULT_WINDOW;
  readonly #streams: OpenStreams;
  #maxFrame = DEFAULT_MAX_FRAME;
  #ofStream = DEFAULT_WINDOW;

  constructor(out: Outbox, streams: OpenStreams) {
    this.out = out;
    this.#streams = streams;
  }

  get maxFrame(): number {
    return this.#maxFrame;
  }

  /** Of a stream that begins now. */
  get ofStream(): number {
    return this.#ofStream;
  }

  /** The peer's settings; undefined = as before. Throws ConnectionError. */
  settings(window: number | undefined, maxFrame: number | undefined): void {
    if (maxFrame !== undefined) this.#maxFrame = maxFrame;
    if (window === undefined) return;
    this.#resize(window - this.#ofStream);
    this.#ofStream = window;
  }

  /** The peer takes more on the connection. Throws ConnectionError. */
  more(increment: number): void {
    this.sendWindow += increment;
    if (increment === 0) throw new ConnectionError(ERROR.protocol, 'WINDOW_UPDATE of nothing');
    if (this.sendWindow > LARGEST_WINDOW) throw new ConnectionError(ERROR.flowControl, 'a window');
    for (const stream of this.#streams.all()) this.#resume(stream);
  }

  /** The peer takes more on a stream. Returns the error that it made by saying so. */
  moreOn(stream: ClientStream, increment: number): number | undefined {
    stream.out.sendWindow += increment;
    if (increment === 0) return ERROR.protocol;
    if (stream.out.sendWindow > LARGEST_WINDOW) return ERROR.flowControl;
    this.#resume(stream);
    return undefined;
  }

  /** The socket takes more. */
  drained(): void {
    for (const stream of this.#streams.all()) stream.out.resume();
    this.out.flush();
  }

  /** RFC 9113 §6.9.2. */
  #resize(difference: number): void {
    for (const stream of this.#streams.all()) {
      stream.out.sendWindow += difference;
      if (stream.out.sendWindow > LARGEST_WINDOW) throw new ConnectionError(ERROR.flowControl, 'a window');
      if (difference > 0) this.#resume(stream);
    }
  }

  #resume(stream: ClientStream): void {
    stream.out.resume();
    this.out.flush();
  }
}

import type { ClientSide, RequestSink } from '../exchange-sides.ts';
import { owned } from './direct-reads.ts';

/** Of a body that has nowhere to go yet; beyond it the client is not read. */
const PENDING_BYTES = 64 * 1024;

/** The body of one request, from its client to whichever endpoint has it at last. */
export class Upload {
  /** Received so far. */
  bytes = 0;
  /** Whether the end was received. */
  received: boolean;
  /** Whether some of it went to an endpoint, which means that it cannot be sent to another. */
  begun = false;
  /** Whether the endpoint has all of it. */
  complete = false;
  readonly #client: ClientSide;
  /** Where it goes as it comes; undefined while there is no endpoint, or none that wants it. */
  #out: RequestSink | undefined;
  #pending: Buffer[] | undefined;
  #pendingBytes = 0;
  #trailers: readonly string[] | undefined;

  constructor(client: ClientSide) {
    this.#client = client;
    this.received = client.received;
  }

  get flowing(): boolean {
    return this.#out !== undefined;
  }

  /** More of it came. */
  take(bytes: Buffer, start: number, end: number): void {
    this.bytes += end - start;
    if (this.#out !== undefined) {
      this.begun = true;
      this.#out.body(bytes, start, end);
      return;
    }
    this.#pending ??= [];
    this.#pending.push(owned(bytes, start, end));
    this.#pendingBytes += end - start;
    if (this.#pendingBytes > PENDING_BYTES) this.#client.pause();
  }

  /** Its end came. */
  end(trailers: readonly string[] | undefined): void {
    this.received = true;
    this.#trailers = trailers;
    if (this.#out !== undefined) this.#complete(this.#out);
  }

  /** All of what came at once has been taken. */
  flush(): void {
    if (this.#out?.flush() === false) this.#client.pause();
  }

  /** Lets it go to the endpoint, beginning with what is here. */
  flowTo(out: RequestSink): void {
    this.#out = out;
    const pending = this.#pending;
    if (pending !== undefined) {
      this.begun = true;
      this.#pending = undefined;
      this.#pendingBytes = 0;
      for (const bytes of pending) out.body(bytes, 0, bytes.length);
    }
    if (this.received) this.#complete(out);
    this.#client.resume();
  }

  /** The endpoint that had it failed: what comes waits for the next. */
  hold(): void {
    this.#out = undefined;
    this.complete = false;
  }

  /** Nobody wants it any more. */
  drop(): void {
    this.#out = undefined;
    this.#pending = undefined;
  }

  #complete(out: RequestSink): void {
    this.complete = true;
    out.end(this.#trailers);
  }
}

import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';

/** How long a body waits for the endpoint's word (contract: http.md 9). */
const LONGEST_WAIT_MS = 1_000;

/**
 * Holds back the body of a request with `Expect: 100-continue` until the endpoint asks for it, or for 1 s.
 * `onOpen` is called once when it opens: that is when the client must have seen a 100.
 */
export class ExpectGate {
  readonly #stream = new PassThrough();
  readonly #req: IncomingMessage;
  readonly #onOpen: () => void;
  #timer: NodeJS.Timeout | undefined;
  #state: 'shut' | 'open' | 'closed' = 'shut';

  constructor(req: IncomingMessage, onOpen: () => void) {
    this.#req = req;
    this.#onOpen = onOpen;
    this.#stream.on('error', () => {}); // whoever destroys it knows why
  }

  /** The body, once it flows. */
  get body(): Readable {
    return this.#stream;
  }

  get opened(): boolean {
    return this.#state === 'open';
  }

  /** The head is on its way: from now on the endpoint's time runs. */
  startWaiting(): void {
    this.#timer ??= setTimeout(() => this.open(), LONGEST_WAIT_MS);
  }

  open(): void {
    clearTimeout(this.#timer);
    if (this.#state !== 'shut') return;
    this.#state = 'open';
    this.#onOpen();
    this.#req.pipe(this.#stream);
  }

  /** Nobody wants the body any more. */
  close(): void {
    clearTimeout(this.#timer);
    if (this.#state === 'open') this.#req.unpipe(this.#stream);
    this.#state = 'closed';
    this.#stream.destroy();
  }
}

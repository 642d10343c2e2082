import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerValue } from '../../request/request-head.ts';
import { forwardableTrailers } from '../../request/trailers.ts';
import { writeRelayedHead } from './answer-writer.ts';
import { pairs } from './request-body.ts';

/** What passing a response on ends in. */
export interface ResponseEvents {
  /** All of it came; the client has what the kernel took. */
  ended(): void;
  /** It broke off in the middle. */
  broken(error: Error): void;
}

/** Passes an endpoint's response to the client, with back-pressure and trailers. */
export class EndpointResponse {
  readonly #response: IncomingMessage;
  readonly #res: ServerResponse;
  /** Bytes of the body that came. */
  bytes = 0;
  #ended = false;
  #chunked = false;
  /** Whether the client can tell a complete body from one that was cut off. */
  #delimited = true;
  /** Whether only the end of the endpoint's connection ends the body. */
  #untilEnd = false;

  constructor(response: IncomingMessage, res: ServerResponse) {
    this.#response = response;
    this.#res = res;
  }

  get complete(): boolean {
    return this.#ended;
  }

  /** Its `Content-Length`. */
  get announcedLength(): string | undefined {
    return headerValue(this.#response.rawHeaders, 'content-length');
  }

  /** `headers` from the policy. Throws when they cannot be sent; nothing was written then. */
  writeHead(headers: readonly string[], close: boolean): void {
    const { statusCode: status = 0, rawHeaders } = this.#response;
    const hasLength = headerValue(rawHeaders, 'content-length') !== undefined;
    const { noBody, chunked, delimited } = writeRelayedHead(this.#res, status, headers, hasLength, close);
    this.#chunked = chunked;
    this.#delimited = delimited;
    this.#untilEnd = !noBody && !hasLength && headerValue(rawHeaders, 'transfer-encoding') === undefined;
  }

  relay(events: ResponseEvents): void {
    const response = this.#response;
    response.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
    });
    response.once('end', () => {
      // Node takes the failing of a connection for its end, and the body for complete.
      const failure = this.#untilEnd ? response.socket.errored : null;
      if (failure) {
        this.#broken(failure, events);
        return;
      }
      this.#ended = true;
      this.#addTrailers();
      events.ended();
    });
    response.on('error', (error) => this.#broken(error, events));
    response.on('close', () => this.#broken(new Error('closed'), events));
    response.pipe(this.#res);
    // The body's first bytes mostly came with the head, and then one write carries both. If not, the head goes
    // alone: an event stream may stay silent for long.
    process.nextTick(() => {
      if (response.readableLength === 0 && !response.complete && this.bytes === 0) this.#res.flushHeaders();
    });
  }

  /** Ends the client's connection so that what it has cannot look complete (contract: http.md 12). */
  cut(): void {
    const { socket } = this.#res;
    this.#response.unpipe(this.#res);
    // Where only the end of the connection ends the body, an orderly end would look like the end of the body.
    if (!this.#delimited && socket !== null && !socket.destroyed) socket.resetAndDestroy();
    this.#res.destroy();
  }

  #broken(error: Error, events: ResponseEvents): void {
    if (this.#ended) return;
    this.#ended = true;
    this.cut();
    events.broken(error);
  }

  #addTrailers(): void {
    if (!this.#chunked) return;
    const trailers = forwardableTrailers(this.#response.rawTrailers);
    if (trailers.length === 0) return;
    try {
      this.#res.addTrailers(pairs(trailers));
    } catch {
      // A field that cannot be written is left out with the others: trailers are extra by definition.
    }
  }
}

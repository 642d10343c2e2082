import type { ClientHttp2Stream } from 'node:http2';
import { endpointFields } from '../../http2/endpoint-fields.ts';
import { fieldObject } from '../../http2/fields.ts';
import type { Framing } from '../../request/framing.ts';
import { pairsOf, type RequestFields } from '../../request/headers-in.ts';
import { forwardableTrailers } from '../../request/trailers.ts';
import type { RequestSink } from '../exchange-sides.ts';
import { owned } from '../fast/direct-reads.ts';

/** Opens the stream of a request whose head is known. `endStream`: nothing follows it. */
export type OpenStream = (fields: string[], endStream: boolean) => ClientHttp2Stream;

const NONE: readonly string[] = [];

/** Writes one request to a stream, which is opened with its head. */
export class StreamRequest implements RequestSink {
  readonly #open: OpenStream;
  #stream: ClientHttp2Stream | undefined;
  #pending: Buffer[] = [];
  #trailers: readonly string[] = NONE;
  #ended = false;

  constructor(open: OpenStream) {
    this.#open = open;
  }

  head(method: string, target: string, fields: RequestFields, framing: Framing): void {
    const bodiless = framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0);
    this.#stream = this.#open(endpointFields(method, target, pairsOf(fields)), bodiless);
    this.#ended = bodiless;
    if (!bodiless) this.#stream.once('wantTrailers', () => this.#sendTrailers());
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#pending.push(owned(bytes, start, end));
  }

  end(trailers: readonly string[] | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    if (trailers !== undefined) this.#trailers = forwardableTrailers(trailers);
    const last = this.#pending.pop();
    this.#write();
    if (last === undefined) this.#stream?.end();
    else this.#stream?.end(last);
  }

  flush(): boolean {
    if (!this.#ended) this.#write();
    return this.#stream === undefined || !this.#stream.writableNeedDrain;
  }

  #write(): void {
    for (const bytes of this.#pending) this.#stream?.write(bytes);
    this.#pending = [];
  }

  #sendTrailers(): void {
    // Without any, node ends the stream with an empty DATA frame.
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || stream.closed) return;
    stream.sendTrailers(fieldObject(this.#trailers));
  }
}

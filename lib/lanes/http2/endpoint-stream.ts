import { type ClientHttp2Stream, constants } from 'node:http2';
import { RouterError } from '../../errors.ts';
import { isBodiless } from '../../http1/response-framing.ts';
import { errorCodeName } from '../../http2/error-codes.ts';
import { headerValue } from '../../request/request-head.ts';
import type { DialTimes } from '../dial.ts';
import type { EndpointSide, ResponseHead, ResponseReader } from '../exchange-sides.ts';
import { resetSoon } from './reset-soon.ts';
import { StreamRequest } from './stream-request.ts';

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

/** What a stream asks of its connection. */
export interface EndpointStreamOwner {
  readonly localAddress: string;
  open(fields: string[], endStream: boolean): ClientHttp2Stream;
  /** Why the connection has ended, or ends; undefined when it does not. */
  readonly ending: ConnectionEnd | undefined;
  /** The stream is over. `silent`: nothing had come on it when it was given up. */
  left(silent: boolean): void;
}

/** Why a connection takes no more streams. */
export interface ConnectionEnd {
  /** As the socket or node has it, or a RouterError. */
  readonly error: Error;
  /** Streams above it were not looked at (RFC 9113 §6.8); Infinity = not known of any. */
  readonly lastStreamId: number;
  /** Whether the connection is gone, and not only ending. */
  readonly gone: boolean;
}

/** The endpoint's side of one exchange over HTTP/2: a stream of a connection that others share. */
export class EndpointStream implements EndpointSide {
  readonly out: StreamRequest;
  readonly localAddress: string;
  readonly times: DialTimes;
  readonly uses: number;
  answered = false;
  /** Counts what the endpoint may have acted on, as a socket counts bytes. */
  bytesWritten = 0;
  readonly #owner: EndpointStreamOwner;
  #stream: ClientHttp2Stream | undefined;
  #reader: ResponseReader | undefined;
  #trailers: readonly string[] | undefined;
  /** Bytes of the body that are still to come, where that was said. */
  #left = Number.NaN;
  #flushing = false;
  #over = false;

  /** `uses`: streams before it on a connection that was idle; 0 = it is new, or not idle. */
  constructor(owner: EndpointStreamOwner, times: DialTimes, uses: number) {
    this.#owner = owner;
    this.localAddress = owner.localAddress;
    this.times = times;
    this.uses = uses;
    this.out = new StreamRequest((fields, endStream) => {
      const stream = owner.open(fields, endStream);
      this.bytesWritten = 1;
      this.#stream = stream;
      this.#listen(stream);
      return stream;
    });
  }

  read(reader: ResponseReader): void {
    this.#reader = reader;
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  release(): void {
    this.#leave(false);
  }

  destroy(): void {
    const silent = !this.answered && this.#stream !== undefined && this.#stream.rstCode === NGHTTP2_NO_ERROR;
    this.#leave(silent);
    if (this.#stream !== undefined) resetSoon(this.#stream, NGHTTP2_CANCEL);
  }

  #leave(silent: boolean): void {
    this.#reader = undefined;
    if (this.#over) return;
    this.#over = true;
    this.#owner.left(silent);
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('headers', (_fields, _flags, ...[raw]: [raw?: string[]]) => this.#head(raw ?? [], true));
    stream.on('response', (_fields, flags, ...[raw]: [raw?: string[]]) =>
      this.#head(raw ?? [], (flags & NGHTTP2_FLAG_END_STREAM) !== 0),
    );
    stream.on('data', (bytes: Buffer) => {
      this.#left -= bytes.length;
      this.#tell((reader) => reader.responseBody(bytes, 0, bytes.length));
      this.#flushSoon();
    });
    stream.on('trailers', (_fields, _flags, ...[raw]: [raw?: string[]]) => {
      this.#trailers = raw;
    });
    stream.on('end', () => this.#ended(stream));
    stream.on('drain', () => this.#tell((reader) => reader.requestDrained()));
    stream.on('error', ignore); // `close` follows
    stream.on('aborted', () => this.#failed(stream));
    stream.on('close', () => this.#failed(stream));
  }

  #head(raw: readonly string[], last: boolean): void {
    this.answered = true;
    this.#tell((reader) => {
      const head = responseHead(raw, reader.method);
      if (head.body === 'length' && !last) this.#left = Number(headerValue(head.headers, 'content-length'));
      if (reader.responseHead(head)) this.#flushSoon();
    });
  }

  #ended(stream: ClientHttp2Stream): void {
    // Node ends a stream that was reset as well; what was announced and has not come tells them apart.
    if (stream.rstCode !== NGHTTP2_NO_ERROR || this.#left > 0) {
      this.#failed(stream);
      return;
    }
    const reader = this.#reader;
    this.#tell((running) => running.responseEnd(this.#trailers));
    if (reader !== undefined && this.#reader === reader) this.#leave(false);
  }

  #failed(stream: ClientHttp2Stream): void {
    if (this.#reader === undefined) return;
    const error = this.#reason(stream);
    const reader = this.#reader;
    this.#leave(false);
    resetSoon(stream, NGHTTP2_CANCEL);
    try {
      reader.responseFailed(error);
    } catch (bug) {
      reader.panic(bug);
    }
  }

  #reason(stream: ClientHttp2Stream): Error {
    const { ending } = this.#owner;
    const { id, rstCode } = stream;
    const behind = ending !== undefined && id !== undefined && id > ending.lastStreamId;
    // The endpoint has done nothing with it: anyone may have it now, whatever its method (RFC 9113 §8.7).
    if (behind || rstCode === NGHTTP2_REFUSED_STREAM || id === undefined) this.bytesWritten = 0;
    if (ending !== undefined && (behind || ending.gone)) return ending.error;
    const text = `stream error: stream ID ${id}; ${errorCodeName(rstCode ?? 0)}; received from peer`;
    return new RouterError('ENDPOINT_STREAM_RESET', text, { source: 'endpoint' });
  }

  #tell(what: (reader: ResponseReader) => void): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    try {
      what(reader);
    } catch (error) {
      this.destroy();
      reader.panic(error);
    }
  }

  /** A head, its body and its end mostly come at once and are told in turn: what they make leaves together. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#tell((reader) => reader.responseFlush());
    });
  }
}

function responseHead(raw: readonly string[], method: string): ResponseHead {
  const status = Number(raw[1]);
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.charCodeAt(0) !== 58) headers.push(raw[i]!, raw[i + 1]!);
  }
  const head = { status, headers, text: '', fieldsAt: -1 };
  if (isBodiless(status, method)) return { ...head, body: 'none' };
  // Also when it ends with its head: HTTP/1.1 clients have to be told the end in some way.
  return {
    ...head,
    body: headerValue(headers, 'content-length') === undefined ? 'chunked' : 'length',
  };
}

function ignore(): void {}

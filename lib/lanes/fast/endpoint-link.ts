import type { Socket } from 'node:net';
import { RouterError } from '../../errors.ts';
import { malformedResponseText } from '../../health/malformed-response.ts';
import { ChunkedDecoder, type ChunkLimits } from '../../http1/chunked-decoder.ts';
import type { HeadLimits } from '../../http1/head-limits.ts';
import {
  isNoResponse,
  type ParsedResponse,
  parseResponse,
  RESPONSE_HEAD_TOO_LONG,
} from '../../http1/parse-response.ts';
import { PartialHead } from '../../http1/partial-head.ts';
import { headTooLong } from '../../request/response-limits.ts';
import type { DialTimes } from '../dial.ts';
import type { ConnectionOwner } from '../endpoint-connections.ts';
import type { EndpointSide, ResponseReader } from '../exchange-sides.ts';
import type { Timed } from './deadlines.ts';
import type { ByteSink, DirectReads } from './direct-reads.ts';
import { RequestWriter } from './request-writer.ts';

export interface LinkLimits {
  readonly head: HeadLimits;
  readonly chunks: ChunkLimits;
}

/** Taken off the idle limit that an endpoint announces, so that our reuse and its close do not cross on the wire. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

/** An idle limit that need not be kept to the second. */
const LONG_IDLE_MS = 30_000;

type State = 'idle' | 'head' | 'length' | 'chunked' | 'close' | 'complete' | 'destroyed';

/** One connection to an endpoint, with its reading end: parses what comes back and tells the exchange. */
export class EndpointLink implements EndpointSide, Timed, ByteSink {
  readonly socket: Socket;
  readonly times: DialTimes;
  /** `ip:port` of our side. */
  readonly localAddress: string;
  readonly out: RequestWriter;
  /** Exchanges completed on it: 0 = fresh. */
  uses = 0;
  /** Whether the endpoint has sent anything since the lease began. */
  answered = false;
  deadline = Number.POSITIVE_INFINITY;
  readonly #limits: LinkLimits;
  readonly #owner: ConnectionOwner<EndpointLink>;
  readonly #longestIdleMs: number;
  #idleMs: number;
  #reader: ResponseReader | undefined;
  #state: State = 'head';
  #keepAlive = false;
  #partial: PartialHead | undefined;
  #remaining = 0;
  #chunks: ChunkedDecoder | undefined;
  #paused = false;

  constructor(
    socket: Socket,
    times: DialTimes,
    limits: LinkLimits,
    idleMs: number,
    owner: ConnectionOwner<EndpointLink>,
    reads?: DirectReads,
  ) {
    this.socket = socket;
    this.times = times;
    this.#limits = limits;
    this.#longestIdleMs = idleMs;
    this.#idleMs = idleMs;
    this.#owner = owner;
    this.out = new RequestWriter(socket);
    const { localAddress = '', localPort = 0 } = socket;
    this.localAddress = localAddress.includes(':')
      ? `[${localAddress}]:${localPort}`
      : `${localAddress}:${localPort}`;
    if (reads === undefined) socket.on('data', (bytes: Buffer) => this.take(bytes));
    else reads.give(socket, this);
    socket.on('end', () => {
      const reader = this.#reader;
      try {
        this.#ended();
      } catch (error) {
        this.#panic(error, reader);
      }
    });
    socket.on('error', (error: Error) => this.#broken(error));
    socket.on('drain', () => this.#reader?.requestDrained());
    socket.on('close', () => {
      this.#broken(closed());
      owner.closed(this);
    });
  }

  get bytesWritten(): number {
    return this.out.written;
  }

  /**
   * Whether it can be leased, as far as this side can know. What a socket says of itself was asked at its release; what
   * happened since was told by events.
   */
  get usable(): boolean {
    if (this.#state !== 'idle') return false;
    // A short limit is kept to the moment: the clock that ends idle connections comes by once a second.
    return this.#idleMs >= LONG_IDLE_MS || performance.now() < this.deadline;
  }

  lease(): void {
    this.#state = 'head';
    this.answered = false;
    this.deadline = Number.POSITIVE_INFINITY;
  }

  /** From now on `reader` is told. Nothing is told before this returns. */
  read(reader: ResponseReader): void {
    this.#reader = reader;
  }

  /** The client cannot take more for now. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  /** The exchange ended as it should, its request sent completely: the link may carry another, if it can. */
  release(now: number): void {
    this.#reader = undefined;
    this.resume();
    if (this.#state !== 'complete' || !this.#keepAlive || this.#idleMs <= 0 || !this.out.isSettled) {
      this.destroy();
      return;
    }
    this.uses += 1;
    this.#state = 'idle';
    this.deadline = now + this.#idleMs;
    this.#owner.released(this);
  }

  destroy(): void {
    this.#reader = undefined;
    this.#keepAlive = false;
    this.#state = 'destroyed';
    this.socket.destroy();
  }

  overdue(): void {
    if (this.#state === 'idle') this.destroy();
  }

  take(bytes: Buffer): undefined {
    const reader = this.#reader;
    try {
      this.#received(bytes);
    } catch (error) {
      this.#panic(error, reader);
    }
  }

  #received(bytes: Buffer): void {
    if (this.#state === 'idle' || this.#state === 'complete') {
      // Bytes that no request asked for: whoever came next would take them for its answer.
      if (this.#state === 'idle') this.destroy();
      this.#keepAlive = false;
      return;
    }
    this.answered = true;
    const reader = this.#reader;
    if (reader === undefined) {
      this.destroy();
      return;
    }
    if (this.#state === 'head') this.#head(bytes, reader);
    else this.#body(bytes, 0);
    this.#reader?.responseFlush();
  }

  #head(fresh: Buffer, reader: ResponseReader): void {
    let bytes = fresh;
    if (this.#partial !== undefined) {
      if (!this.#partial.add(fresh)) return;
      bytes = this.#partial.bytes;
    }
    let from = 0;
    for (;;) {
      const head = parseResponse(bytes, from, reader.method, this.#limits.head);
      if (head.kind === 'incomplete') {
        this.#awaitHead(bytes, from);
        return;
      }
      this.#partial = undefined;
      if (head.kind === 'bad') {
        this.#failed(
          head === RESPONSE_HEAD_TOO_LONG
            ? headTooLong(this.#limits.head.maxBytes)
            : isNoResponse(head)
              ? noResponse(bytes.toString('latin1', from, from + MALFORMED_BYTES))
              : badResponse(head.reason),
        );
        return;
      }
      from = head.end;
      if (head.status >= 200 || head.status === 101) {
        this.#begin(head);
        if (reader.responseHead(head)) this.#body(bytes, from);
        return;
      }
      if (!reader.responseHead(head)) return;
      if (from === bytes.length) return;
    }
  }

  #awaitHead(bytes: Buffer, from: number): void {
    if (this.#partial !== undefined && from === 0) return;
    this.#partial = new PartialHead(this.#limits.head.maxBytes);
    this.#partial.add(bytes.subarray(from));
  }

  #begin(head: ParsedResponse): void {
    this.#keepAlive = head.keepAlive;
    if (head.keepAliveTimeoutMs !== undefined) {
      this.#idleMs = Math.min(this.#longestIdleMs, head.keepAliveTimeoutMs - KEEP_ALIVE_MARGIN_MS);
    }
    this.#state = head.body === 'none' ? 'length' : head.body;
    this.#remaining = head.body === 'length' ? head.length : 0;
    if (head.body === 'chunked') this.#chunks = new ChunkedDecoder(this.#limits.chunks);
  }

  #body(bytes: Buffer, from: number): void {
    switch (this.#state) {
      case 'length': {
        const end = Math.min(bytes.length, from + this.#remaining);
        this.#remaining -= end - from;
        if (end > from) this.#reader?.responseBody(bytes, from, end);
        if (this.#remaining === 0) this.#complete(undefined, end < bytes.length);
        return;
      }
      case 'chunked':
        this.#chunked(bytes, from);
        return;
      case 'close':
        if (from < bytes.length) this.#reader?.responseBody(bytes, from, bytes.length);
        return;
      default:
        return;
    }
  }

  #chunked(bytes: Buffer, from: number): void {
    const chunks = this.#chunks!;
    let at = from;
    while (at < bytes.length) {
      at = chunks.next(bytes, at);
      if (chunks.failed !== undefined) {
        this.#failed(badResponse(chunks.failed));
        return;
      }
      if (chunks.dataEnd > chunks.dataStart) {
        this.#reader?.responseBody(bytes, chunks.dataStart, chunks.dataEnd);
      }
      if (chunks.done) {
        this.#chunks = undefined;
        this.#complete(chunks.trailers, at < bytes.length);
        return;
      }
    }
  }

  #complete(trailers: readonly string[] | undefined, surplus: boolean): void {
    this.#state = 'complete';
    if (surplus) this.#keepAlive = false;
    this.#reader?.responseEnd(trailers);
  }

  #ended(): void {
    if (this.#state === 'close') {
      this.#keepAlive = false;
      this.#complete(undefined, false);
      this.#reader?.responseFlush();
      return;
    }
    this.#keepAlive = false;
    if (this.#state === 'idle') {
      this.#owner.idleEnded(performance.now() - (this.deadline - this.#idleMs));
      this.destroy();
    } else if (this.#state !== 'complete') this.#failed(closed());
  }

  #broken(error: Error): void {
    const reader = this.#reader;
    try {
      this.#failed(error);
    } catch (bug) {
      this.#panic(bug, reader);
    }
  }

  /** A bug of ours costs the exchange, not the process with all the others. */
  #panic(error: unknown, reader: ResponseReader | undefined): void {
    this.destroy();
    reader?.panic(error);
  }

  #failed(error: Error): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#keepAlive = false;
    const complete = this.#state === 'complete';
    this.#state = 'destroyed';
    this.socket.destroy();
    if (!complete) reader?.responseFailed(error);
  }
}

function closed(): RouterError {
  return new RouterError('ENDPOINT_CLOSED', 'EOF', { source: 'endpoint' });
}

/** As much as an error may show of what came. */
const MALFORMED_BYTES = 200;

function noResponse(start: string): RouterError {
  return new RouterError('ENDPOINT_BAD_RESPONSE', malformedResponseText(start), { source: 'endpoint' });
}

function badResponse(what: string): RouterError {
  const message = `net/http: HTTP/1.x transport connection broken: ${what}`;
  return new RouterError('ENDPOINT_BAD_RESPONSE', message, { source: 'endpoint' });
}

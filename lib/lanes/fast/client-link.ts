import type { Socket } from 'node:net';
import { ChunkedDecoder, type ChunkLimits } from '../../http1/chunked-decoder.ts';
import type { HeadLimits } from '../../http1/head-limits.ts';
import { type ParsedRequest, parseRequest } from '../../http1/parse-request.ts';
import { PartialHead } from '../../http1/partial-head.ts';
import type { Refusal } from '../../http1/refusal.ts';
import { type Answer, badRequest, bodyTooSlow, isAnswer } from '../../request/answer.ts';
import type { ClientOrigin } from '../../request/client-origin.ts';
import type { Framing } from '../../request/framing.ts';
import { requestHost } from '../../request/host.ts';
import type { RequestHead } from '../../request/request-head.ts';
import type { SoundRequest } from '../../request/sound-request.ts';
import type { Uploader } from '../body-rate.ts';
import type { ClientExchange, ClientSide } from '../exchange-sides.ts';
import { LINGER_BYTES, LINGER_MS } from '../linger.ts';
import { answerText } from './answer-text.ts';
import { AnswerWriter } from './answer-writer.ts';
import type { Timed } from './deadlines.ts';
import { type ByteSink, type DirectReads, owned } from './direct-reads.ts';

export interface ClientLinkDeps {
  readonly head: HeadLimits;
  readonly chunks: ChunkLimits;
  /** Between requests, ms; 0 = no limit. */
  readonly idleMs: number;
  /** For a whole head, ms; 0 = no limit. */
  readonly headMs: number;
  /** Begins a request; it may be over when this returns. */
  readonly serve: (link: ClientLink, request: SoundRequest) => void;
  /** The connection, from here on with what was read of it, is for another lane. */
  readonly handOver: (link: ClientLink, unread: Buffer) => void;
  readonly refused: (answer: Answer) => void;
  readonly closed: (link: ClientLink) => void;
  /** Something of ours threw between two requests; the connection ends. */
  readonly panicked: (error: unknown) => void;
  readonly draining: () => boolean;
  /** IMF-fixdate of this second. */
  readonly date: () => string;
}

/** Bytes of later requests that are read while one is being served. */
const LOOK_AHEAD = 64 * 1024;

/** How much longer than a connection without a next request one with a part of its head may be idle. */
const HEAD_PATIENCE = 5;

/**
 * One client connection: cuts what comes into requests and their bodies, and has them served one after the other, so
 * that answers leave in order.
 */
export class ClientLink implements ClientSide, Timed, Uploader, ByteSink {
  readonly protocol = 'HTTP/1.1';
  readonly socket: Socket;
  readonly out: AnswerWriter;
  readonly origin: ClientOrigin;
  deadline: number;
  pace: Uploader['pace'];
  readonly #deps: ClientLinkDeps;
  readonly #reads: DirectReads | undefined;
  /** Read and not looked at yet. */
  #unread: Buffer | undefined;
  /** A head that came in pieces so far. */
  #partial: PartialHead | undefined;
  #exchange: ClientExchange | undefined;
  /** Where the body of the request ends: a length, or chunks. */
  #bodyLeft = 0;
  #chunks: ChunkedDecoder | undefined;
  #receiving = false;
  /** Bytes read and dropped of a body that nobody wants. */
  #dropped = 0;
  #busy = false;
  #paused = false;
  #lingering = false;
  #activeAt: number;

  /** `reads`: where the bytes come from when not as the socket's `data`. */
  constructor(socket: Socket, origin: ClientOrigin, deps: ClientLinkDeps, reads?: DirectReads) {
    this.socket = socket;
    this.#reads = reads;
    this.out = new AnswerWriter(socket);
    this.origin = origin;
    this.#deps = deps;
    this.#activeAt = performance.now();
    this.deadline = deps.headMs > 0 ? this.#activeAt + deps.headMs : Number.POSITIVE_INFINITY;
    if (reads === undefined) socket.on('data', this.#onData);
    else reads.give(socket, this);
    // Ahead of node's own listener, behind which nothing can be written any more.
    socket.prependListener('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', ignore); // `close` follows
    socket.on('close', this.#onClose);
  }

  /** Whether a request is under way. */
  get active(): boolean {
    return this.#exchange !== undefined;
  }

  get awaitsBody(): boolean {
    return this.#receiving && !this.#paused && this.#exchange?.awaitsBody === true;
  }

  bodyTooSlow(): void {
    try {
      this.#bodyFailed(bodyTooSlow());
    } catch (error) {
      this.#panic(error);
    }
  }

  /** Whether nothing was under way for that long; much longer when a part of a head has come. */
  idleFor(now: number, ms: number): boolean {
    if (this.#exchange !== undefined || this.#unread !== undefined) return false;
    return now - this.#activeAt >= (this.#partial === undefined ? ms : HEAD_PATIENCE * ms);
  }

  /** Reads no more until `resume`: the endpoint cannot take it. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.pace = undefined;
    this.socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  cut(): void {
    this.out.flushNow();
    this.socket.destroy();
  }

  /** The exchange is over and its answer written. `close`: it was the last on this connection. */
  exchangeDone(close: boolean, now: number): void {
    this.#exchange = undefined;
    this.#activeAt = now;
    this.deadline = this.#idleDeadline();
    if (this.socket.destroyed) return;
    if (close) {
      this.linger();
      return;
    }
    this.resume();
    // A client that sends requests and reads no answers is not read either, until it has what it asked for.
    if (!this.#busy && !this.out.needsDrain) this.#next();
  }

  /** The last answer is written. The client may still be sending: what is closed at once is answered by a reset, and a reset takes the answer with it (RFC 9112 §9.6). */
  linger(): void {
    if (this.#lingering || this.socket.destroyed) return;
    this.#lingering = true;
    this.#unread = undefined;
    // Counted from when all has left us: the end of an answer may wait here for a slow reader.
    this.deadline = this.#idleDeadline();
    this.out.flushNow();
    this.socket.end(() => {
      this.deadline = performance.now() + LINGER_MS;
    });
    this.resume();
  }

  overdue(now: number): void {
    if (this.#exchange === undefined) {
      this.socket.destroy();
      return;
    }
    try {
      this.#exchange.overdue(now);
    } catch (error) {
      this.#panic(error);
    }
  }

  readonly #onData = (bytes: Buffer): void => {
    this.take(bytes);
  };

  take(bytes: Buffer): undefined {
    try {
      this.#received(bytes);
    } catch (error) {
      this.#panic(error);
    }
    const unread = this.#unread;
    if (unread !== undefined) this.#unread = owned(unread, 0, unread.length);
  }

  #received(bytes: Buffer): void {
    if (this.#lingering) {
      this.#dropped += bytes.length;
      if (this.#dropped > LINGER_BYTES) this.socket.destroy();
      return;
    }
    if (this.#receiving) {
      this.#busy = true;
      this.#body(bytes, 0);
      this.#busy = false;
      this.#exchange?.requestFlush();
      if (this.#exchange === undefined) this.#next();
      return;
    }
    if (this.#partial !== undefined) {
      if (!this.#partial.add(bytes)) return;
      this.#unread = this.#partial.bytes;
    } else {
      this.#unread = this.#unread === undefined ? bytes : Buffer.concat([this.#unread, bytes]);
    }
    if (this.#exchange === undefined && !this.out.needsDrain) this.#next();
    else if (this.#unread !== undefined && this.#unread.length > LOOK_AHEAD) this.pause();
  }

  readonly #onEnd = (): void => {
    this.out.flushNow();
    // As everyone in front of an app does it: a client that says it is done sending is taken to be gone.
    if (this.#exchange !== undefined) this.#leave();
    else if (this.#reading && !this.#lingering) this.socket.destroy();
  };

  readonly #onDrain = (): void => {
    if (this.#exchange !== undefined) this.#exchange.responseDrained();
    else if (!this.#lingering) {
      this.resume();
      this.#next();
    }
  };

  readonly #onClose = (): void => {
    this.#leave();
    this.#deps.closed(this);
  };

  #leave(): void {
    const exchange = this.#exchange;
    try {
      exchange?.clientGone();
    } catch (error) {
      exchange?.panic(error);
    }
  }

  /** A bug of ours costs the connection, not the process with all the others. */
  #panic(error: unknown): void {
    this.#receiving = false;
    this.#busy = true; // whatever else was read is not looked at
    const exchange = this.#exchange;
    if (exchange === undefined) this.#deps.panicked(error);
    else exchange.panic(error);
    this.linger();
  }

  get #reading(): boolean {
    return this.#unread !== undefined || this.#partial !== undefined;
  }

  #idleDeadline(): number {
    const { idleMs } = this.#deps;
    return idleMs > 0 ? this.#activeAt + idleMs : Number.POSITIVE_INFINITY;
  }

  /** Serves what has been read, as far as it goes. */
  #next(): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      this.#serveAll();
      this.#busy = false;
    } catch (error) {
      this.#panic(error);
    }
  }

  #serveAll(): void {
    while (
      this.#unread !== undefined &&
      this.#exchange === undefined &&
      !this.#receiving &&
      !this.#lingering &&
      !this.socket.destroyed
    ) {
      if (!this.#readHead(this.#unread)) break;
      if (this.out.needsDrain && this.#exchange === undefined) break;
    }
  }

  /** False when more has to come first, or nothing will. */
  #readHead(bytes: Buffer): boolean {
    const { head: limits } = this.#deps;
    const parsed = parseRequest(bytes, 0, limits);
    switch (parsed.kind) {
      case 'request':
        this.#unread = parsed.end === bytes.length ? undefined : bytes.subarray(parsed.end);
        this.#partial = undefined;
        this.#begin(parsed);
        return true;
      case 'incomplete':
        this.#unread = undefined;
        if (this.#partial === undefined) this.#awaitHead(bytes);
        return false;
      case 'refuse':
        this.#refuse(parsed.answer, parsed.reason);
        return false;
      case 'hand-over':
        this.#unread = undefined;
        this.#detach();
        this.out.flushNow();
        this.#deps.handOver(this, bytes);
        return false;
    }
  }

  #awaitHead(bytes: Buffer): void {
    const { headMs } = this.#deps;
    this.#partial = new PartialHead(this.#deps.head.maxBytes);
    this.#partial.add(bytes);
    this.#activeAt = performance.now();
    if (headMs > 0) this.deadline = this.#activeAt + headMs;
  }

  #begin(parsed: ParsedRequest): void {
    const { origin } = this;
    const head: RequestHead = {
      method: parsed.method,
      target: parsed.target,
      versionMinor: 1,
      headers: parsed.headers,
      clientIp: origin.ip,
      clientPort: origin.port,
      tls: origin.tls,
      clientCertificate: origin.certificate,
      targetIsPlain: parsed.targetIsPlain,
      valuesArePlain: parsed.valuesArePlain,
    };
    const route = requestHost(head);
    if (isAnswer(route)) {
      // A body nobody reads must not be taken for the next request.
      this.#answerUnlogged(route, parsed.close || parsed.body === 'chunked' || parsed.length > 0);
      return;
    }
    this.#dropped = 0;
    this.#chunks = parsed.body === 'chunked' ? new ChunkedDecoder(this.#deps.chunks) : undefined;
    this.#bodyLeft = parsed.length;
    this.#receiving = this.#chunks !== undefined || this.#bodyLeft > 0;
    const { expectContinue: expectsContinue } = parsed;
    this.#deps.serve(this, {
      head,
      received: parsed,
      route,
      framing: framingOf(parsed),
      expectsContinue,
      upgrade: undefined,
      last: parsed.close,
    });
  }

  /** Called by the lane as soon as there is an exchange, which may be before it runs. */
  attach(exchange: ClientExchange): void {
    this.#exchange = exchange;
    if (!this.#receiving || this.#unread === undefined) return;
    const bytes = this.#unread;
    this.#unread = undefined;
    this.#body(bytes, 0);
  }

  /** Whether the body of the request has come to its end. */
  get received(): boolean {
    return !this.#receiving;
  }

  #body(bytes: Buffer, from: number): void {
    if (this.#chunks !== undefined) {
      this.#chunked(this.#chunks, bytes, from);
      return;
    }
    const end = Math.min(bytes.length, from + this.#bodyLeft);
    this.#bodyLeft -= end - from;
    this.#tellBody(bytes, from, end);
    if (this.#bodyLeft === 0) this.#bodyEnd(undefined, bytes, end);
  }

  #chunked(chunks: ChunkedDecoder, bytes: Buffer, from: number): void {
    let at = from;
    while (at < bytes.length) {
      at = chunks.next(bytes, at);
      if (chunks.failed !== undefined) {
        this.#bodyFailed(badRequest());
        return;
      }
      if (chunks.dataEnd > chunks.dataStart) this.#tellBody(bytes, chunks.dataStart, chunks.dataEnd);
      if (chunks.done) {
        this.#bodyEnd(chunks.trailers, bytes, at);
        return;
      }
    }
  }

  #tellBody(bytes: Buffer, start: number, end: number): void {
    if (this.#exchange !== undefined) {
      this.#exchange.requestBody(bytes, start, end);
      return;
    }
    // Answered already: read to find the next request, within limits.
    this.#dropped += end - start;
    if (this.#dropped > LINGER_BYTES) this.socket.destroy();
  }

  #bodyEnd(trailers: readonly string[] | undefined, bytes: Buffer, end: number): void {
    this.#receiving = false;
    this.#chunks = undefined;
    if (end < bytes.length) this.#unread = end === 0 ? bytes : bytes.subarray(end);
    this.#exchange?.requestEnd(trailers);
  }

  #bodyFailed(answer: Answer): void {
    this.#receiving = false;
    const answered = this.#exchange?.bodyFailed(answer) ?? true;
    this.#exchange = undefined;
    if (answered) this.socket.destroy();
    else this.#refuse(answer);
  }

  /** An answer from before the handlers: no record and no request id (http.md 1). */
  #answerUnlogged(answer: Answer, last: boolean): void {
    if (answer.close) {
      this.#refuse(answer);
      return;
    }
    this.#deps.refused(answer);
    const close = last || this.#deps.draining();
    this.out.text(answerText(answer, { close, date: this.#deps.date() }));
    this.out.flush();
    if (close) this.linger();
  }

  /** The last words on this connection. */
  #refuse(answer: Answer, reason?: Refusal['reason']): void {
    this.#deps.refused(answer);
    if (this.socket.destroyed) return;
    // A Date goes with what an HTTP server answers of itself, not with a refusal (http.md 1).
    const date = answer.status === 417 || answer.status === 408 ? this.#deps.date() : '';
    this.out.text(reason === 'minor version' ? MINIMAL_400 : answerText(answer, { close: true, date }));
    this.out.flush();
    this.linger();
  }

  #detach(): void {
    const { socket } = this;
    socket.off('data', this.#onData);
    this.#reads?.give(socket, { take: (bytes) => socket.push(owned(bytes, 0, bytes.length)) });
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('close', this.#onClose);
    socket.off('error', ignore);
  }
}

const NO_BODY: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
/** HTTP/1.x with x above 1 (contract: http.md 3). */
const MINIMAL_400 = 'HTTP/1.0 400 Bad Request\r\n\r\n';

function framingOf({ body, length }: ParsedRequest): Framing {
  if (body === 'none') return NO_BODY;
  return body === 'chunked' ? CHUNKED : { kind: 'length', length };
}

function ignore(): void {}

import type { Socket } from 'node:net';
import { checkControlFrame, peerSettings } from '../../http2/control-frames.ts';
import { type FieldSection, FieldSections } from '../../http2/field-sections.ts';
import { FrameReader, type FrameSink } from '../../http2/frame-reader.ts';
import {
  ConnectionError,
  DEFAULT_MAX_FRAME,
  DEFAULT_WINDOW,
  ERROR,
  FLAG,
  FRAME,
  frameHeader,
  goawayFrame,
  LARGEST_STREAM_ID,
  LARGEST_WINDOW,
  rstStreamFrame,
  SETTING,
  SETTINGS_ACK,
  settingsFrame,
  windowUpdateFrame,
} from '../../http2/frames.ts';
import { requestFields } from '../../http2/request-fields.ts';
import { requestFieldsProblem, trailersProblem } from '../../http2/sound-fields.ts';
import { type Answer, headTooLarge, isAnswer } from '../../request/answer.ts';
import type { ClientOrigin } from '../../request/client-origin.ts';
import type { RequestHead } from '../../request/request-head.ts';
import type { SoundRequest } from '../../request/sound-request.ts';
import type { Timed } from '../fast/deadlines.ts';
import { Outbox } from '../fast/outbox.ts';
import { LINGER_MS } from '../linger.ts';
import { ClientStream, type ClientStreamOwner } from './client-stream.ts';
import { Nuisance } from './nuisance.ts';
import { FRONT_SETTINGS, FRONT_WINDOW, MAX_HEADER_LIST } from './session-options.ts';
import { soundRequest } from './sound-request.ts';

export interface ClientSessionDeps {
  /** Without a stream, ms; 0 = no limit. */
  readonly idleMs: number;
  /** Begins a request. */
  readonly serve: (stream: ClientStream, request: SoundRequest) => void;
  readonly refused: (answer: Answer) => void;
  readonly closed: (session: ClientSession) => void;
  /** A stream's limits are watched from now on, or no longer. */
  readonly watch: (stream: ClientStream) => void;
  readonly unwatch: (stream: ClientStream) => void;
  readonly panicked: (error: unknown) => void;
  /** IMF-fixdate of this second. */
  readonly date: () => string;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const { maxConcurrentStreams, initialWindowSize, maxFrameSize } = FRONT_SETTINGS;

/** Comes back when all that was sent ahead of it has been heard. */
const LAST_PING = frameHeader(8, FRAME.ping, 0, 0) + '\0'.repeat(8);
const PING_ACK = frameHeader(8, FRAME.ping, FLAG.ack, 0);

const FIRST_WORDS =
  settingsFrame([
    [SETTING.maxConcurrentStreams, maxConcurrentStreams],
    [SETTING.initialWindowSize, initialWindowSize],
    [SETTING.maxFrameSize, maxFrameSize],
    [SETTING.maxHeaderListSize, MAX_HEADER_LIST],
  ]) + windowUpdateFrame(0, FRONT_WINDOW - DEFAULT_WINDOW);

/**
 * One client connection that speaks HTTP/2 (RFC 9113): makes its streams into requests, and bounds what a peer can ask
 * for. Sessions of node's own cost twice as much for each request.
 */
export class ClientSession implements Timed, ClientStreamOwner, FrameSink {
  readonly socket: Socket;
  readonly out: Outbox;
  deadline: number;
  sendWindow = DEFAULT_WINDOW;
  maxFrame = DEFAULT_MAX_FRAME;
  readonly #deps: ClientSessionDeps;
  readonly #origin: ClientOrigin;
  readonly #reader: FrameReader;
  readonly #sections = new FieldSections(MAX_HEADER_LIST);
  readonly #nuisance = new Nuisance();
  /** Those that are not over. */
  readonly #streams = new Map<number, ClientStream>();
  #exchanges = 0;
  /** The highest that the peer opened. */
  #lastId = 0;
  #prefaceBytes = 0;
  #greeted = false;
  #peerWindow = DEFAULT_WINDOW;
  #receiveWindow: number = FRONT_WINDOW;
  /** Given back by streams, and not told to the peer. */
  #credit = 0;
  /** The client was told to go elsewhere. */
  #warned = false;
  /** No more streams are taken. */
  #ending = false;
  /** Nothing more is read. */
  #ended = false;

  constructor(socket: Socket, origin: ClientOrigin, deps: ClientSessionDeps) {
    this.socket = socket;
    this.#origin = origin;
    this.#deps = deps;
    this.#reader = new FrameReader(this, maxFrameSize);
    this.out = new Outbox(socket);
    this.deadline = this.#idleDeadline();
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('end', () => this.destroy());
    socket.on('drain', () => this.#drained());
    socket.on('error', ignore); // `close` follows
    socket.on('close', () => {
      this.#abandon();
      deps.closed(this);
    });
    socket.resume();
    this.out.text(FIRST_WORDS);
    this.out.flush();
  }

  /**
   * Has the client take its next requests elsewhere, and closes with the last stream that runs. Streams that were on
   * their way when it heard are served: it is warned first, and told which was the last when a PING has come back
   * (RFC 9113 §6.8).
   */
  end(): void {
    if (this.#warned || this.#ending) return;
    this.#warned = true;
    this.out.text(goawayFrame(LARGEST_STREAM_ID, ERROR.none) + LAST_PING);
    this.out.flush();
    this.deadline = performance.now() + LINGER_MS;
  }

  destroy(): void {
    this.socket.destroy();
  }

  overdue(now: number): void {
    if (!this.#warned) this.end();
    else if (!this.#ending) this.#takeNoMore();
    // A client that does not read the end of its last answer keeps its stream, and the connection with it.
    else if (this.#exchanges === 0) this.destroy();
    else this.deadline = now + LINGER_MS;
  }

  #takeNoMore(): void {
    this.#ending = true;
    this.out.text(goawayFrame(this.#lastId, ERROR.none));
    this.out.flush();
    this.deadline = performance.now() + LINGER_MS;
    this.#checkEnd();
  }

  /* What streams tell. */

  done(stream: ClientStream): void {
    this.#deps.unwatch(stream);
    this.#exchanges -= 1;
    if (this.#exchanges === 0 && !this.#warned) this.deadline = this.#idleDeadline();
  }

  credit(stream: ClientStream, bytes: number): void {
    this.#giveBack(bytes);
    if (stream.received || stream.over) {
      stream.owed = 0;
      return;
    }
    // Counted against the connection's window as it comes, told for the stream when it is worth a frame.
    stream.owed = 0;
    stream.returned += bytes;
    if (stream.returned < initialWindowSize / 2) return;
    this.out.text(windowUpdateFrame(stream.id, stream.returned));
    this.out.flush();
    stream.receiveWindow += stream.returned;
    stream.returned = 0;
  }

  closed(stream: ClientStream): void {
    this.#streams.delete(stream.id);
    this.#checkEnd();
  }

  reset(stream: ClientStream, code: number): void {
    if (stream.over) return;
    this.out.text(rstStreamFrame(stream.id, code));
    this.out.flush();
    stream.gone();
    this.closed(stream);
  }

  broken(stream: ClientStream, code: number): void {
    this.reset(stream, code);
    this.#annoyed();
  }

  /* What comes. */

  #received(bytes: Buffer): void {
    if (this.#ended) return;
    // A client that asks and does not read is not read either, until it has what it asked for.
    if (this.out.needsDrain) this.socket.pause();
    try {
      const from = this.#prefaceBytes < PREFACE.length ? this.#readPreface(bytes) : 0;
      if (from < bytes.length) this.#reader.read(from === 0 ? bytes : bytes.subarray(from));
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error.code);
      else {
        this.#deps.panicked(error);
        this.#fail(ERROR.internal);
      }
    }
  }

  #readPreface(bytes: Buffer): number {
    const size = Math.min(bytes.length, PREFACE.length - this.#prefaceBytes);
    if (bytes.compare(PREFACE, this.#prefaceBytes, this.#prefaceBytes + size, 0, size) !== 0) {
      throw new ConnectionError(ERROR.protocol, 'no preface');
    }
    this.#prefaceBytes += size;
    return size;
  }

  dataBegin(id: number, length: number): void {
    if (this.#ended) return;
    this.#expect(FRAME.data, id);
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0)
      throw new ConnectionError(ERROR.flowControl, 'more than the connection takes');
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.received) {
      if (id > this.#lastId || (id & 1) === 0)
        throw new ConnectionError(ERROR.protocol, 'DATA on an idle stream');
      this.#giveBack(length);
      if (stream !== undefined) this.broken(stream, ERROR.streamClosed);
      else if (length === 0) this.#annoyed();
      return;
    }
    stream.announce(length);
    if (stream.receiveWindow < 0) this.broken(stream, ERROR.flowControl);
  }

  data(id: number, bytes: Buffer, from: number, to: number): void {
    this.#streams.get(id)?.body(bytes, from, to);
  }

  dataEnd(id: number, endStream: boolean, length: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.received) return;
    if (endStream) {
      stream.bodyEnd(undefined);
      return;
    }
    if (length === 0) this.#annoyed();
    stream.bodyFlush();
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    if (this.#ended) return;
    this.#expect(type, id);
    switch (type) {
      case FRAME.headers:
        this.#section(this.#sections.headers(flags, id, bytes, from, to));
        return;
      case FRAME.continuation:
        if ((flags & FLAG.endHeaders) === 0) this.#annoyed();
        this.#section(this.#sections.continuation(flags, id, bytes, from, to));
        return;
      default:
        checkControlFrame(type, flags, id, to - from);
        this.#control(type, flags, id, bytes, from, to);
    }
  }

  #control(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    switch (type) {
      case FRAME.rstStream:
        this.#rstStream(id);
        return;
      case FRAME.settings:
        if ((flags & FLAG.ack) === 0) this.#settings(bytes, from, to);
        return;
      case FRAME.ping:
        if ((flags & FLAG.ack) === 0) this.#ping(bytes, from, to);
        else if (this.#warned && !this.#ending) this.#takeNoMore(); // the only one that was sent
        return;
      case FRAME.windowUpdate:
        this.#windowUpdate(id, bytes.readUInt32BE(from) & LARGEST_WINDOW);
        return;
      case FRAME.goaway: // it takes nothing from us; what it has asked for is answered
        return;
      default: // PRIORITY, and types that are unknown and ignored (RFC 9113 §5.5)
        this.#annoyed();
    }
  }

  /** Settings come first (RFC 9113 §3.4), and nothing between the frames of a field section (§4.3). */
  #expect(type: number, id: number): void {
    if (!this.#greeted && type !== FRAME.settings) throw new ConnectionError(ERROR.protocol, 'no settings');
    const { openOn } = this.#sections;
    if (openOn !== 0 && (type !== FRAME.continuation || id !== openOn)) {
      throw new ConnectionError(ERROR.protocol, 'a frame within a field section');
    }
  }

  #section(section: FieldSection | undefined): void {
    if (section === undefined || this.#ended) return;
    const { id, endStream, fields, exceeded } = section;
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      this.#trailers(stream, section);
      return;
    }
    if (id <= this.#lastId) {
      this.#annoyed(); // it was reset, and the peer did not know yet
      return;
    }
    this.#lastId = id;
    if (this.#ending || this.#streams.size >= maxConcurrentStreams) {
      this.#refuse(id, ERROR.refusedStream);
    } else if (exceeded) {
      this.#begin(id, endStream, headTooLarge(), 'GET', undefined);
    } else if (requestFieldsProblem(fields) !== undefined) {
      this.#refuse(id, ERROR.protocol);
    } else {
      this.#opened(id, endStream, fields);
    }
  }

  #trailers(stream: ClientStream, { endStream, fields, exceeded }: FieldSection): void {
    if (stream.received) this.broken(stream, ERROR.streamClosed);
    else if (!endStream || exceeded || trailersProblem(fields) !== undefined) {
      this.broken(stream, ERROR.protocol);
    } else stream.bodyEnd(fields);
  }

  /** A stream that never was one of ours. */
  #refuse(id: number, code: number): void {
    this.out.text(rstStreamFrame(id, code));
    this.out.flush();
    this.#annoyed();
  }

  #opened(id: number, endStream: boolean, raw: readonly string[]): void {
    const fields = requestFields(raw);
    if (fields === undefined) {
      this.#refuse(id, ERROR.protocol);
      return;
    }
    const origin = this.#origin;
    const head: RequestHead = {
      method: fields.method,
      target: fields.target,
      headers: fields.headers,
      versionMinor: 1,
      clientIp: origin.ip,
      clientPort: origin.port,
      tls: origin.tls,
      clientCertificate: origin.certificate,
    };
    const request = soundRequest(head, endStream);
    const announced =
      isAnswer(request) || request.framing.kind !== 'length' ? undefined : request.framing.length;
    if (endStream && announced !== undefined && announced > 0) {
      this.#refuse(id, ERROR.protocol);
      return;
    }
    this.#begin(id, endStream, request, head.method, announced);
  }

  #begin(
    id: number,
    endStream: boolean,
    request: SoundRequest | Answer,
    method: string,
    announced: number | undefined,
  ): void {
    const windows = { send: this.#peerWindow, receive: initialWindowSize };
    const stream = new ClientStream(id, endStream, announced, windows, this);
    this.#streams.set(id, stream);
    if (isAnswer(request)) {
      this.#deps.refused(request);
      stream.refuse(request, method, this.#deps.date());
      return;
    }
    this.#exchanges += 1;
    if (!this.#warned) this.deadline = Number.POSITIVE_INFINITY;
    this.#deps.watch(stream);
    try {
      this.#deps.serve(stream, request);
    } catch (error) {
      this.#deps.panicked(error);
      this.done(stream);
      this.reset(stream, ERROR.internal);
    }
  }

  #rstStream(id: number): void {
    if (id > this.#lastId) throw new ConnectionError(ERROR.protocol, 'RST_STREAM of an idle stream');
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      stream.gone();
      this.closed(stream);
    }
    // Each may have cost a request, and the peer next to nothing (hazards 5).
    this.#annoyed();
  }

  #settings(bytes: Buffer, from: number, to: number): void {
    const { initialWindowSize: window, maxFrameSize: maxFrame } = peerSettings(bytes, from, to);
    if (maxFrame !== undefined) this.maxFrame = maxFrame;
    if (window !== undefined) {
      this.#resizeWindows(window - this.#peerWindow);
      this.#peerWindow = window;
    }
    if (this.#greeted) this.#annoyed();
    this.#greeted = true;
    this.out.text(SETTINGS_ACK);
    this.out.flush();
  }

  /** RFC 9113 §6.9.2. */
  #resizeWindows(difference: number): void {
    for (const stream of [...this.#streams.values()]) {
      stream.out.sendWindow += difference;
      if (stream.out.sendWindow > LARGEST_WINDOW) throw new ConnectionError(ERROR.flowControl, 'a window');
      if (difference > 0) this.#resume(stream);
    }
  }

  #ping(bytes: Buffer, from: number, to: number): void {
    this.out.text(`${PING_ACK}${bytes.toString('latin1', from, to)}`);
    this.out.flush();
    this.#annoyed();
  }

  #windowUpdate(id: number, increment: number): void {
    if (id === 0) {
      this.sendWindow += increment;
      if (increment === 0) throw new ConnectionError(ERROR.protocol, 'WINDOW_UPDATE of nothing');
      if (this.sendWindow > LARGEST_WINDOW) throw new ConnectionError(ERROR.flowControl, 'a window');
      for (const stream of [...this.#streams.values()]) this.#resume(stream);
      return;
    }
    if (id > this.#lastId) throw new ConnectionError(ERROR.protocol, 'WINDOW_UPDATE of an idle stream');
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.out.sendWindow += increment;
    if (increment === 0) this.broken(stream, ERROR.protocol);
    else if (stream.out.sendWindow > LARGEST_WINDOW) this.broken(stream, ERROR.flowControl);
    else this.#resume(stream);
  }

  #resume(stream: ClientStream): void {
    stream.out.resume();
    this.out.flush();
  }

  #drained(): void {
    this.socket.resume();
    for (const stream of [...this.#streams.values()]) stream.out.resume();
    this.out.flush();
  }

  #giveBack(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit < FRONT_WINDOW / 2) return;
    this.out.text(windowUpdateFrame(0, this.#credit));
    this.out.flush();
    this.#receiveWindow += this.#credit;
    this.#credit = 0;
  }

  /** What costs a peer nothing, and us something. */
  #annoyed(): void {
    if (!this.#ended && this.#nuisance.add(performance.now())) this.#fail(ERROR.enhanceYourCalm);
  }

  /** Says why, and hears no more. */
  #fail(code: number): void {
    this.#ending = true;
    this.#ended = true;
    this.#abandon();
    this.out.text(goawayFrame(this.#lastId, code));
    this.out.flushNow();
    this.socket.end();
    this.deadline = performance.now() + LINGER_MS;
  }

  #checkEnd(): void {
    if (!this.#ending || this.#ended || this.#streams.size > 0) return;
    this.#ended = true;
    this.out.flushNow();
    this.socket.end();
    this.deadline = performance.now() + LINGER_MS;
  }

  #abandon(): void {
    for (const stream of [...this.#streams.values()]) stream.gone();
    this.#streams.clear();
  }

  #idleDeadline(): number {
    const { idleMs } = this.#deps;
    return idleMs > 0 ? performance.now() + idleMs : Number.POSITIVE_INFINITY;
  }
}

function ignore(): void {}

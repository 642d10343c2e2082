import type { Socket } from 'node:net';
import type { FieldSection } from '../../http2/field-sections.ts';
import {
  ConnectionError,
  DEFAULT_WINDOW,
  ERROR,
  FRAME,
  frameHeader,
  goawayFrame,
  LARGEST_STREAM_ID,
  rstStreamFrame,
  SETTING,
  settingsFrame,
  windowUpdateFrame,
} from '../../http2/frames.ts';
import { type Answer, headTooLarge, isAnswer } from '../../request/answer.ts';
import type { ClientOrigin } from '../../request/client-origin.ts';
import type { SoundRequest } from '../../request/sound-request.ts';
import type { Timed } from '../fast/deadlines.ts';
import { Outbox } from '../fast/outbox.ts';
import { LINGER_MS } from '../linger.ts';
import { ClientFrames, type ClientFramesTarget } from './client-frames.ts';
import { ClientStream, type ClientStreamOwner } from './client-stream.ts';
import { Nuisance } from './nuisance.ts';
import { OpenStreams } from './open-streams.ts';
import { openedRequest } from './opened-request.ts';
import { ReceiveWindow } from './receive-window.ts';
import { SendWindows } from './send-windows.ts';
import { FRONT_SETTINGS, FRONT_WINDOW, MAX_HEADER_LIST } from './session-options.ts';

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

const { maxConcurrentStreams, initialWindowSize, maxFrameSize } = FRONT_SETTINGS;

/** Comes back when all that was sent ahead of it has been heard. */
const LAST_PING = frameHeader(8, FRAME.ping, 0, 0) + '\0'.repeat(8);

const FIRST_WORDS =
  settingsFrame([
    [SETTING.maxConcurrentStreams, maxConcurrentStreams],
    [SETTING.initialWindowSize, initialWindowSize],
    [SETTING.maxFrameSize, maxFrameSize],
    [SETTING.maxHeaderListSize, MAX_HEADER_LIST],
  ]) + windowUpdateFrame(0, FRONT_WINDOW - DEFAULT_WINDOW);

/**
 * One client connection that speaks HTTP/2 (RFC 9113): makes its streams into requests, bounds what a peer can ask for,
 * and knows when it is to end. Sessions of node's own cost twice as much for each request.
 */
export class ClientSession implements Timed, ClientStreamOwner, ClientFramesTarget {
  readonly socket: Socket;
  readonly streams = new OpenStreams();
  readonly windows: SendWindows;
  readonly receiveWindow: ReceiveWindow;
  deadline: number;
  readonly #deps: ClientSessionDeps;
  readonly #origin: ClientOrigin;
  readonly #out: Outbox;
  readonly #frames: ClientFrames;
  readonly #nuisance = new Nuisance();
  #exchanges = 0;
  /** The client was told to go elsewhere. */
  #warned = false;
  /** No more streams are taken. */
  #ending = false;
  #ended = false;

  constructor(socket: Socket, origin: ClientOrigin, deps: ClientSessionDeps) {
    this.socket = socket;
    this.#origin = origin;
    this.#deps = deps;
    this.#frames = new ClientFrames(this);
    this.#out = new Outbox(socket);
    this.windows = new SendWindows(this.#out, this.streams);
    this.receiveWindow = new ReceiveWindow(FRONT_WINDOW, this.#out);
    this.deadline = this.#idleDeadline();
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('end', () => this.destroy());
    socket.on('drain', () => this.#drained());
    socket.on('error', ignore); // `close` follows
    socket.on('close', () => {
      this.streams.abandon();
      deps.closed(this);
    });
    socket.resume();
    this.#out.text(FIRST_WORDS);
    this.#out.flush();
  }

  /**
   * Has the client take its next requests elsewhere, and closes with the last stream that runs. Streams that were on
   * their way when it heard are served: it is warned first, and told which was the last when a PING has come back
   * (RFC 9113 §6.8).
   */
  end(): void {
    if (this.#warned || this.#ending) return;
    this.#warned = true;
    this.#out.text(goawayFrame(LARGEST_STREAM_ID, ERROR.none) + LAST_PING);
    this.#out.flush();
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
    this.#out.text(goawayFrame(this.streams.last, ERROR.none));
    this.#out.flush();
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
    this.receiveWindow.giveBack(bytes);
    if (stream.received || stream.over) {
      stream.owed = 0;
      return;
    }
    // Counted against the connection's window as it comes, told for the stream when it is worth a frame.
    stream.owed = 0;
    stream.returned += bytes;
    if (stream.returned < initialWindowSize / 2) return;
    this.#out.text(windowUpdateFrame(stream.id, stream.returned));
    this.#out.flush();
    stream.receiveWindow += stream.returned;
    stream.returned = 0;
  }

  closed(stream: ClientStream): void {
    this.streams.delete(stream);
    this.#checkEnd();
  }

  reset(stream: ClientStream, code: number): void {
    if (stream.over) return;
    this.#out.text(rstStreamFrame(stream.id, code));
    this.#out.flush();
    stream.gone();
    this.closed(stream);
  }

  broken(stream: ClientStream, code: number): void {
    this.reset(stream, code);
    this.annoyed();
  }

  #received(bytes: Buffer): void {
    if (this.#ended) return;
    // A client that asks and does not read is not read either, until it has what it asked for.
    if (this.#out.needsDrain) this.socket.pause();
    try {
      this.#frames.read(bytes);
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error.code);
      else {
        this.#deps.panicked(error);
        this.#fail(ERROR.internal);
      }
    }
  }

  #drained(): void {
    this.socket.resume();
    this.windows.drained();
  }

  /* What frames make it do. */

  get ended(): boolean {
    return this.#ended;
  }

  opened({ id, endStream, fields, exceeded }: FieldSection): void {
    if (this.#ending || this.streams.size >= maxConcurrentStreams) {
      this.#refuse(id, ERROR.refusedStream);
      return;
    }
    if (exceeded) {
      this.#begin(id, endStream, headTooLarge(), 'GET', undefined);
      return;
    }
    const opened = openedRequest(fields, endStream, this.#origin);
    if (opened === undefined) this.#refuse(id, ERROR.protocol);
    else this.#begin(id, endStream, opened.request, opened.method, opened.announced);
  }

  left(stream: ClientStream): void {
    stream.gone();
    this.closed(stream);
  }

  pingBack(): void {
    if (this.#warned && !this.#ending) this.#takeNoMore(); // the only one that was sent
  }

  annoyed(): void {
    if (!this.#ended && this.#nuisance.add(performance.now())) this.#fail(ERROR.enhanceYourCalm);
  }

  /** A stream that never was one of ours. */
  #refuse(id: number, code: number): void {
    this.#out.text(rstStreamFrame(id, code));
    this.#out.flush();
    this.annoyed();
  }

  #begin(
    id: number,
    endStream: boolean,
    request: SoundRequest | Answer,
    method: string,
    announced: number | undefined,
  ): void {
    const stream = new ClientStream(id, endStream, announced, initialWindowSize, this);
    this.streams.add(stream);
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

  /** Says why, and hears no more. */
  #fail(code: number): void {
    this.#ending = true;
    this.#ended = true;
    this.streams.abandon();
    this.#out.text(goawayFrame(this.streams.last, code));
    this.#out.flushNow();
    this.socket.end();
    this.deadline = performance.now() + LINGER_MS;
  }

  #checkEnd(): void {
    if (!this.#ending || this.#ended || this.streams.size > 0) return;
    this.#ended = true;
    this.#out.flushNow();
    this.socket.end();
    this.deadline = performance.now() + LINGER_MS;
  }

  #idleDeadline(): number {
    const { idleMs } = this.#deps;
    return idleMs > 0 ? performance.now() + idleMs : Number.POSITIVE_INFINITY;
  }
}

function ignore(): void {}

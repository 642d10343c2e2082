import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { requestFields } from '../../http2/request-fields.ts';
import { type Answer, isAnswer } from '../../request/answer.ts';
import type { ClientOrigin } from '../../request/client-origin.ts';
import { expectation } from '../../request/expectation.ts';
import { type Framing, requestFraming } from '../../request/framing.ts';
import { requestHost } from '../../request/host.ts';
import type { RequestHead } from '../../request/request-head.ts';
import type { SoundRequest } from '../../request/sound-request.ts';
import type { Timed } from '../fast/deadlines.ts';
import { LINGER_MS } from '../linger.ts';
import { ClientStream, type ClientStreamOwner } from './client-stream.ts';
import { Nuisance } from './nuisance.ts';
import { FRONT_OPTIONS, FRONT_WINDOW } from './session-options.ts';

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_FLAG_END_STREAM, NGHTTP2_PROTOCOL_ERROR } = constants;

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

const CHUNKED: Framing = { kind: 'chunked' };

/** One client connection that speaks HTTP/2: makes its streams into requests, and bounds what a peer can ask for. */
export class ClientSession implements Timed, ClientStreamOwner {
  deadline: number;
  readonly #deps: ClientSessionDeps;
  readonly #session: ServerHttp2Session;
  readonly #origin: ClientOrigin;
  readonly #nuisance = new Nuisance();
  #streams = 0;

  constructor(socket: Socket, origin: ClientOrigin, deps: ClientSessionDeps) {
    this.#deps = deps;
    this.#origin = origin;
    this.deadline = this.#idleDeadline();
    const session = performServerHandshake(socket, FRONT_OPTIONS);
    this.#session = session;
    session.on('stream', (stream, _fields, flags, ...[raw]: [raw?: readonly string[]]) => {
      try {
        this.#opened(stream, raw ?? [], (flags & NGHTTP2_FLAG_END_STREAM) !== 0);
      } catch (error) {
        deps.panicked(error);
        stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      }
    });
    session.on('ping', () => this.#annoyed());
    session.on('remoteSettings', () => this.#annoyed());
    session.on('error', ignore); // `close` follows
    session.on('close', () => deps.closed(this));
    if (!session.destroyed) session.setLocalWindowSize(FRONT_WINDOW);
  }

  /**
   * Takes no more streams, and says which was the last: those above it the client may send elsewhere, whatever their
   * method (RFC 9113 §6.8). The connection closes with the last one that runs.
   */
  end(): void {
    this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
  }

  overdue(now: number): void {
    // A client that does not read the end of its last answer keeps its stream, and the connection with it.
    if (this.#session.closed) this.destroy();
    else this.end();
    this.deadline = now + LINGER_MS;
  }

  done(stream: ClientStream): void {
    this.#deps.unwatch(stream);
    this.#streams -= 1;
    if (this.#streams === 0) this.deadline = this.#idleDeadline();
  }

  #opened(stream: ServerHttp2Stream, raw: readonly string[], received: boolean): void {
    stream.on('error', this.#onStreamError);
    const fields = requestFields(raw);
    if (fields === undefined) {
      stream.close(NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    const origin = this.#origin;
    const head: RequestHead = {
      ...fields,
      versionMinor: 1,
      clientIp: origin.ip,
      clientPort: origin.port,
      tls: origin.tls,
      clientCertificate: origin.certificate,
    };
    const request = soundRequest(head, received);
    const side = new ClientStream(stream, received || bodiless(request), this);
    if (isAnswer(request)) {
      this.#deps.refused(request);
      side.refuse(request, head.method, this.#deps.date());
      return;
    }
    this.#streams += 1;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#deps.watch(side);
    try {
      this.#deps.serve(side, request);
    } catch (error) {
      this.done(side);
      throw error;
    }
  }

  // Errors of a stream that the peer has provoked: each cost a request, and the peer next to nothing (hazards 5).
  readonly #onStreamError = (): void => this.#annoyed();

  #annoyed(): void {
    if (this.#nuisance.add(performance.now())) {
      this.#session.destroy(new Error('too many frames without use'), NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  #idleDeadline(): number {
    const { idleMs } = this.#deps;
    return idleMs > 0 ? performance.now() + idleMs : Number.POSITIVE_INFINITY;
  }
}

/** The request as far as it can be understood, or what http.md 1 says to one that cannot. */
function soundRequest(head: RequestHead, received: boolean): SoundRequest | Answer {
  const route = requestHost(head);
  if (isAnswer(route)) return route;
  const expected = expectation(head);
  if (typeof expected !== 'string') return expected;
  const framing = requestFraming(head);
  if (isAnswer(framing)) return framing;
  return {
    head,
    route,
    // The end of a body without a length is known when it comes.
    framing: framing.kind === 'none' && !received ? CHUNKED : framing,
    expectsContinue: expected === 'continue' && !received,
    upgrade: undefined,
    last: false,
  };
}

function bodiless(request: SoundRequest | Answer): boolean {
  return !isAnswer(request) && request.framing.kind === 'length' && request.framing.length === 0;
}

function ignore(): void {}

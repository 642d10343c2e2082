import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { RouterError } from '../../errors.ts';
import { errorCodeName } from '../../http2/error-codes.ts';
import type { DialTimes } from '../dial.ts';
import type { Timed } from '../fast/deadlines.ts';
import { LINGER_MS } from '../linger.ts';
import { type ConnectionEnd, EndpointStream, type EndpointStreamOwner } from './endpoint-stream.ts';
import { destroyLate } from './late-destroy.ts';
import { destroySoon } from './reset-soon.ts';
import { BACK_OPTIONS, BACK_WINDOW } from './session-options.ts';

export interface EndpointSessionDeps {
  /** Without a stream, ms. */
  readonly idleMs: number;
  /** No more streams can be had of it. */
  readonly ended: (session: EndpointSession) => void;
  readonly closed: (session: EndpointSession) => void;
}

const { NGHTTP2_NO_ERROR } = constants;

/** Streams at once before the endpoint has said how many it takes, which it does at once. */
const STREAMS_BEFORE_SETTINGS = 1;
/** Of one connection, all in all: numbers of streams are not used again, and there are 2^30. */
const LIFETIME_STREAMS = 2 ** 28;
/** For an answer to a PING on a connection that has fallen silent. */
const PING_PATIENCE_MS = 10_000;
const NO_TIMES: DialTimes = { dnsMs: 0, dialMs: 0, tlsMs: 0 };

/** One connection to an endpoint that speaks HTTP/2, shared by as many requests as the endpoint allows. */
export class EndpointSession implements Timed, EndpointStreamOwner {
  readonly key: string;
  readonly localAddress: string;
  deadline: number;
  ending: ConnectionEnd | undefined;
  /** Resolves when the endpoint has said how many streams it takes, or nothing can be had of it any more. */
  readonly ready: Promise<void>;
  #isReady = (): void => {};
  readonly #session: ClientHttp2Session;
  readonly #deps: EndpointSessionDeps;
  #times: DialTimes;
  #limit = STREAMS_BEFORE_SETTINGS;
  #streams = 0;
  #served = 0;
  #pinging = false;
  #ended = false;
  #once = false;

  constructor(key: string, authority: string, socket: Socket, times: DialTimes, deps: EndpointSessionDeps) {
    this.key = key;
    this.#deps = deps;
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
    this.#times = times;
    this.deadline = performance.now() + deps.idleMs;
    const { localAddress = '', localPort = 0 } = socket;
    this.localAddress = localAddress.includes(':')
      ? `[${localAddress}]:${localPort}`
      : `${localAddress}:${localPort}`;
    const session = connect(`https://${authority}`, { ...BACK_OPTIONS, createConnection: () => socket });
    this.#session = session;
    session.on('connect', () => session.setLocalWindowSize(BACK_WINDOW));
    session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      this.#limit = maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      this.#isReady();
    });
    session.on('goaway', (code, lastStreamId, debug) => {
      const text =
        'http2: server sent GOAWAY and closed the connection; ' +
        `LastStreamID=${lastStreamId}, ErrCode=${errorCodeName(code)}, debug=${JSON.stringify(debug?.toString('latin1') ?? '')}`;
      const error = new RouterError('ENDPOINT_GOAWAY', text, { source: 'endpoint' });
      // With an error node ends the connection, and all that runs on it.
      this.#end({ error, lastStreamId, gone: code !== NGHTTP2_NO_ERROR });
    });
    session.on('error', (error: Error) => this.#gone(protocolError(error)));
    session.on('close', () => {
      this.#gone(closed());
      deps.closed(this);
    });
    // Ahead of node's own listeners, which end the streams in the same turn.
    socket.prependListener('error', (error) => this.#gone(error));
    socket.prependListener('close', () => this.#gone(closed()));
  }

  get idle(): boolean {
    return this.#streams === 0;
  }

  /** Whether another request finds room. */
  get usable(): boolean {
    const { destroyed, closed } = this.#session;
    return !this.#ended && !destroyed && !closed && this.#streams < this.#limit;
  }

  /** Room for a request; only while `usable`. */
  take(): EndpointStream {
    // Whether it died while idle is what replacing it without a word depends on: others' requests may have ended it.
    const uses = this.#streams === 0 ? this.#served : 0;
    this.#streams += 1;
    this.#served += 1;
    this.deadline = Number.POSITIVE_INFINITY;
    const stream = new EndpointStream(this, this.#times, uses);
    this.#times = NO_TIMES;
    if (this.#served >= LIFETIME_STREAMS) this.#retire();
    return stream;
  }

  open(fields: string[], endStream: boolean): ClientHttp2Stream {
    // Node ends a stream that is given up, and says so with END_STREAM where it does not wait for trailers: a part of a
    // body would look like the whole.
    const stream = this.#session.request(fields, { endStream, waitForTrailers: !endStream });
    if (!endStream) destroyLate(stream);
    return stream;
  }

  left(silent: boolean): void {
    this.#streams -= 1;
    if (this.#streams === 0 && this.#once) this.close();
    else if (this.#streams === 0 && !this.#pinging) this.deadline = performance.now() + this.#deps.idleMs;
    if (silent) this.#askIfAlive();
  }

  /** For the requests that it has, and no more. */
  closeAfterUse(): void {
    this.#once = true;
    this.#retire();
  }

  overdue(now: number): void {
    // A stream whose answer is complete may still hold a body that the endpoint does not take.
    if (this.#pinging || this.#session.closed) destroySoon(this.#session);
    else this.close();
    this.deadline = now + LINGER_MS;
  }

  /** Takes no more requests; closes with the last that runs. */
  close(): void {
    this.#retire();
    if (!this.#session.destroyed) this.#session.close();
  }

  destroy(): void {
    destroySoon(this.#session);
  }

  /** A request got nothing: the connection may have died without a word, and would take others with it. */
  #askIfAlive(): void {
    const session = this.#session;
    if (this.#pinging || session.destroyed || session.closed || session.connecting) return;
    this.#pinging = true;
    this.deadline = performance.now() + PING_PATIENCE_MS;
    session.ping(() => {
      this.#pinging = false;
      this.deadline = this.#streams === 0 ? performance.now() + this.#deps.idleMs : Number.POSITIVE_INFINITY;
    });
  }

  #gone(error: Error): void {
    const { ending } = this;
    // The first reason is the true one: an endpoint that said GOAWAY closes the connection as well.
    if (ending === undefined) this.#end({ error, lastStreamId: Number.POSITIVE_INFINITY, gone: true });
    else if (!ending.gone) this.#end({ ...ending, gone: true });
  }

  #end(ending: ConnectionEnd): void {
    this.ending = ending;
    this.#retire();
  }

  #retire(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#isReady();
    this.#deps.ended(this);
  }
}

function closed(): RouterError {
  return new RouterError('ENDPOINT_CLOSED', 'EOF', { source: 'endpoint' });
}

/** What broke the rules of HTTP/2 is a bad response; other errors speak for themselves. */
function protocolError(error: Error & { code?: string }): Error {
  if (error.code?.startsWith('ERR_HTTP2') !== true) return error;
  return new RouterError('ENDPOINT_BAD_RESPONSE', `http2: ${error.message}`, { source: 'endpoint' });
}

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Framing } from '../../request/framing.ts';
import { forwardableTrailers } from '../../request/trailers.ts';
import { LINGER_BYTES } from '../linger.ts';
import type { ClientConnection } from './client-connection.ts';
import { ExpectGate } from './expect-gate.ts';

/**
 * A client's body on its way to an endpoint: counted, held back while the client waits for 100, followed by its
 * trailers; and got rid of, within limits, when nobody wants it.
 */
export class RequestBody {
  readonly present: boolean;
  /** Bytes taken from the client, without chunk framing. */
  bytes = 0;
  readonly #req: IncomingMessage;
  readonly #framing: Framing;
  readonly #client: ClientConnection;
  readonly #gate: ExpectGate | undefined;
  #request: ClientRequest | undefined;
  #listening = false;
  #discarding = false;

  /** `sendContinue` is called at most once, when a client that waits for it is to be told 100. */
  constructor(
    req: IncomingMessage,
    framing: Framing,
    client: ClientConnection,
    sendContinue: (() => void) | undefined,
  ) {
    this.#req = req;
    this.#framing = framing;
    this.#client = client;
    this.present = framing.kind === 'chunked' || (framing.kind === 'length' && framing.length > 0);
    if (sendContinue !== undefined && this.present) this.#gate = new ExpectGate(req, sendContinue);
  }

  /** Whether the client still waits for a word before it sends. */
  get awaited(): boolean {
    return this.#gate !== undefined && !this.#gate.opened;
  }

  /** Whether an endpoint could have more of it than there is, and the client knows that it may send. */
  get starved(): boolean {
    return this.#request !== undefined && !this.awaited && this.#req.readableLength === 0;
  }

  /** Whether nothing of it was taken yet, so that another endpoint can get all of it. */
  get intact(): boolean {
    return !this.present || (this.bytes === 0 && !this.#req.readableEnded);
  }

  /** Where the forwarder takes it from; undefined = from the client's request. */
  get source(): Readable | undefined {
    return this.#gate?.body;
  }

  /** To be called before the body is piped: its end has to be seen before the pipe ends the request. */
  beforeForward(): void {
    if (!this.#listening) (this.source ?? this.#req).once('end', () => this.#addTrailers());
  }

  /** To be called after the body is piped, in the same turn: counting starts the flow as piping does. */
  afterForward(): void {
    if (this.#listening || !this.present) return;
    this.#listening = true;
    (this.source ?? this.#req).on('data', (chunk: Buffer) => {
      if (!this.#discarding) this.bytes += chunk.length;
    });
  }

  /** The endpoint's request has its socket. */
  began(request: ClientRequest): void {
    this.#request = request;
    if (!this.present) return;
    // A slow body must not hold back the head, which the endpoint may answer alone.
    if (this.#gate !== undefined || this.#req.readableLength === 0) request.flushHeaders();
    this.#gate?.startWaiting();
  }

  /** The endpoint asked for it. */
  release(): void {
    this.#gate?.open();
  }

  /** Takes it away from an endpoint that failed or has answered. */
  detach(): void {
    if (this.#request === undefined) return;
    (this.source ?? this.#req).unpipe(this.#request);
    this.#request = undefined;
  }

  /**
   * Whether an answer sent now must be the last on its connection: what the client still sends would have to be
   * read to the end to find its next request, and may be endless.
   */
  get tooMuchUnread(): boolean {
    if (!this.present || this.#req.complete) return false;
    if (this.awaited || this.#framing.kind !== 'length') return true;
    return this.#framing.length - this.bytes > LINGER_BYTES;
  }

  /** Reads and drops what still comes, up to 256 KiB; beyond that the connection is closed. */
  discard(): void {
    if (!this.present) return;
    this.detach();
    this.#gate?.close();
    if (this.#discarding || this.#req.readableEnded) return;
    this.#discarding = true;
    let dropped = 0;
    this.#req.on('data', (chunk: Buffer) => {
      dropped += chunk.length;
      if (dropped > LINGER_BYTES) this.#client.socket.destroy();
    });
    this.#req.resume();
  }

  #addTrailers(): void {
    const trailers = forwardableTrailers(this.#req.rawTrailers);
    if (trailers.length === 0 || this.#framing.kind !== 'chunked') return;
    try {
      this.#request?.addTrailers(pairs(trailers));
    } catch {
      // A field that cannot be written is left out with the others: trailers are extra by definition.
    }
  }
}

/** `[[name, value], ...]`, as node takes trailers. */
export function pairs(flat: readonly string[]): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) out.push([flat[i]!, flat[i + 1]!]);
  return out;
}

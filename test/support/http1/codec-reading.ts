import { METHODS } from 'node:http';
import { ChunkedDecoder, type ChunkLimits } from '../../../lib/http1/chunked-decoder.ts';
import { type HeadLimits, type ParsedRequest, parseRequest } from '../../../lib/http1/parse-request.ts';
import { type ParsedResponse, parseResponse } from '../../../lib/http1/parse-response.ts';
import { PartialHead } from '../../../lib/http1/partial-head.ts';
import { isAnswer } from '../../../lib/request/answer.ts';
import { requestHost } from '../../../lib/request/host.ts';
import { hasToken, headerValue } from '../../../lib/request/request-head.ts';

/** A message as a parser understood it; latin1 text throughout. */
export interface ReadMessage {
  /** Method and target, or status. */
  readonly start: string;
  /** Name, value, ... */
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** Whether its end has come. */
  readonly complete: boolean;
}

/** What the codec makes of a stream of bytes. */
export interface CodecReading {
  readonly messages: readonly ReadMessage[];
  /** How it ends: `waiting` for more, `closed` by the message before, or as the parser said. */
  readonly outcome: string;
  /** The same bytes less what node is known to refuse: methods that it has not heard of, raw bytes in targets. */
  readonly forNode: Buffer;
}

const LIMITS: HeadLimits = { maxBytes: 60_000, maxFields: 0 };
const CHUNK_LIMITS: ChunkLimits = { maxExtensionBytes: 10_000, maxTrailerBytes: 10_000, maxTrailerFields: 0 };
const CLIENT = {
  clientIp: '127.0.0.1',
  clientPort: 1,
  tls: false,
  clientCertificate: '',
  versionMinor: 1,
} as const;

/** One side of a connection, as a lane reads it: heads in pieces, bodies as they come. */
abstract class Reading {
  readonly messages: ReadMessage[] = [];
  outcome: string | undefined;
  #head = new PartialHead(0);
  #current: { start: string; headers: readonly string[]; body: string } | undefined;
  #left = 0;
  #chunks: ChunkedDecoder | undefined;
  #untilClose = false;

  /** The head at the front of `bytes`; undefined when it is not complete or `outcome` was set. */
  protected abstract parse(bytes: Buffer): (ParsedRequest | ParsedResponse) | undefined;
  protected abstract startOf(head: ParsedRequest | ParsedResponse): string;
  /** Whether nothing may follow. */
  protected abstract isLast(head: ParsedRequest | ParsedResponse): boolean;

  #last = false;

  read(pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      if (this.outcome === undefined) this.#take(piece);
    }
    // A head that is wrong in its last line is told at the latest when its time is up.
    if (this.outcome === undefined && this.#current === undefined && this.#head.length > 0) {
      this.parse(Buffer.from(this.#head.bytes));
    }
    if (this.#current !== undefined) this.#finish([], this.#untilClose);
    this.outcome ??= 'waiting';
  }

  #take(piece: Buffer): void {
    let bytes = piece;
    while (bytes.length > 0 && this.outcome === undefined) {
      bytes = this.#current === undefined ? this.#takeHead(bytes) : this.#takeBody(bytes);
    }
  }

  #takeHead(piece: Buffer): Buffer {
    const none = piece.subarray(piece.length);
    if (this.#last) {
      this.outcome = 'closed';
      return none;
    }
    if (!this.#head.add(piece)) return none;
    const bytes = Buffer.from(this.#head.bytes);
    const head = this.parse(bytes);
    if (head === undefined) return none;
    this.#head = new PartialHead(0);
    this.#last = this.isLast(head);
    this.#current = { start: this.startOf(head), headers: head.headers, body: '' };
    this.#left = head.length;
    this.#chunks = head.body === 'chunked' ? new ChunkedDecoder(CHUNK_LIMITS) : undefined;
    this.#untilClose = head.body === 'close';
    if (head.body === 'none' || (head.body === 'length' && head.length === 0)) this.#finish([], true);
    return bytes.subarray(head.end);
  }

  #takeBody(bytes: Buffer): Buffer {
    const current = this.#current!;
    const chunks = this.#chunks;
    if (chunks === undefined) {
      const size = this.#untilClose ? bytes.length : Math.min(bytes.length, this.#left);
      current.body += bytes.toString('latin1', 0, size);
      this.#left -= size;
      if (this.#left === 0 && !this.#untilClose) this.#finish([], true);
      return bytes.subarray(size);
    }
    let at = 0;
    while (at < bytes.length && !chunks.over) {
      const next = chunks.next(bytes, at);
      if (next <= at || chunks.dataStart < at || chunks.dataEnd > next)
        throw new Error('the decoder lost its place');
      at = next;
      current.body += bytes.toString('latin1', chunks.dataStart, chunks.dataEnd);
    }
    if (chunks.failed !== undefined) {
      this.#finish([], false);
      this.outcome = `body: ${chunks.failed}`;
    } else if (chunks.done) this.#finish(chunks.trailers, true);
    return bytes.subarray(at);
  }

  #finish(trailers: readonly string[], complete: boolean): void {
    this.messages.push({ ...this.#current!, trailers, complete });
    this.#current = undefined;
  }
}

class RequestReading extends Reading {
  /** Edits of the bytes for node, in order. */
  readonly edits: { readonly at: number; readonly length: number; readonly text: string }[] = [];
  readonly #all: string;
  #from = 0;

  constructor(pieces: readonly Buffer[]) {
    super();
    this.#all = Buffer.concat(pieces).toString('latin1');
  }

  protected parse(bytes: Buffer): ParsedRequest | undefined {
    const head = parseRequest(bytes, 0, LIMITS);
    if (head.kind === 'incomplete') return undefined;
    if (head.kind !== 'request') {
      this.outcome = head.kind === 'refuse' ? head.reason : head.kind;
      return undefined;
    }
    const host = requestHost({ ...head, ...CLIENT });
    if (isAnswer(host) && host.status >= 400) {
      this.outcome = 'host or target';
      return undefined;
    }
    this.#edit(head);
    return head;
  }

  protected startOf(head: ParsedRequest): string {
    return `${forNode(head.method)} ${asciiOnly(head.target)}`;
  }

  /** Or node reads nothing behind it, by a rule that is only its own. */
  protected isLast(head: ParsedRequest): boolean {
    const { headers } = head;
    const declinedUpgrade =
      headerValue(headers, 'upgrade') !== undefined && hasToken(headers, 'connection', 'upgrade');
    return head.close || declinedUpgrade || hasToken(headers, 'proxy-connection', 'close');
  }

  #edit(head: ParsedRequest): void {
    const at = this.#all.indexOf(`${head.method} ${head.target} HTTP/`, this.#from);
    this.edits.push({ at, length: head.method.length, text: forNode(head.method) });
    const targetAt = at + head.method.length + 1;
    this.edits.push({ at: targetAt, length: head.target.length, text: asciiOnly(head.target) });
    this.#from = targetAt + head.target.length;
  }

  get forNode(): Buffer {
    let text = '';
    let from = 0;
    for (const edit of this.edits) {
      text += this.#all.slice(from, edit.at) + edit.text;
      from = edit.at + edit.length;
    }
    return Buffer.from(text + this.#all.slice(from), 'latin1');
  }
}

class ResponseReading extends Reading {
  readonly #method: string;

  constructor(method: string) {
    super();
    this.#method = method;
  }

  protected parse(bytes: Buffer): ParsedResponse | undefined {
    const head = parseResponse(bytes, 0, this.#method, LIMITS);
    if (head.kind === 'incomplete') return undefined;
    if (head.kind === 'response') return head;
    this.outcome = head.reason;
    return undefined;
  }

  protected startOf(head: ParsedResponse): string {
    return String(head.status);
  }

  /** One answer to one request; and node takes an interim one for the last when it says `close`, or is of HTTP/1.0. */
  protected isLast(head: ParsedResponse): boolean {
    const { status, headers, versionMinor } = head;
    const closes =
      versionMinor === 0 ||
      ['connection', 'proxy-connection'].some((name) => hasToken(headers, name, 'close'));
    return status >= 200 || status === 101 || closes;
  }
}

/** What the codec, and the policy for host and target, make of what a client sent. */
export function readRequests(pieces: readonly Buffer[]): CodecReading {
  const reading = new RequestReading(pieces);
  reading.read(pieces);
  const { messages, outcome = '', forNode } = reading;
  return { messages, outcome, forNode };
}

/** What the codec makes of what an endpoint answered to one request. */
export function readResponses(pieces: readonly Buffer[], method: string): CodecReading {
  const reading = new ResponseReading(method);
  reading.read(pieces);
  const { messages, outcome = '' } = reading;
  return { messages, outcome, forNode: Buffer.concat(pieces) };
}

function forNode(method: string): string {
  return METHODS.includes(method) ? method : 'PURGE';
}

function asciiOnly(target: string): string {
  return target.replace(/[^\x21-\x7e]/g, 'z');
}

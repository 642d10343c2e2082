import { type OnReadOpts, Socket } from 'node:net';
import { type PlainHandle, plainHandle, readLength } from './plain-handle.ts';

/** Who gets what a socket reads. */
export interface ByteSink {
  /**
   * `bytes` are valid until this returns: the next read of any socket overwrites them, so what is kept is kept as
   * `owned`. False stops reading until the socket's next `read`.
   */
  take(bytes: Buffer): boolean | undefined;
}

/** As much as node itself reads at once. */
const READ_BYTES = 64 * 1024;

// One buffer for all sockets of the process, since each read is dealt with before the next. Node's own way, a buffer
// and a stream event for each read, costs more than a microsecond more.
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

// A view of it costs as much as a small object's whole life: those of short messages, which come in the same lengths
// again and again, are kept.
const LONGEST_KEPT = 4096;
const views: (Buffer | undefined)[] = [];

function firstBytes(length: number): Buffer {
  if (length > LONGEST_KEPT) return shared.subarray(0, length);
  const slot = length % 128;
  const known = views[slot];
  if (known?.length === length) return known;
  const view = shared.subarray(0, length);
  views[slot] = view;
  return view;
}

const SINK = Symbol('sink');
const NODES_OWN = Symbol("node's own onread");

/** A handle whose reads come to us. */
interface ReadHandle extends PlainHandle {
  [SINK]?: ByteSink;
  [NODES_OWN]?: PlainHandle['onread'];
}

function onRead(this: ReadHandle, bytes: ArrayBuffer | undefined): unknown {
  const length = readLength();
  // The end and errors of the connection stay events of its socket.
  if (length <= 0) return this[NODES_OWN]!(bytes);
  if (this[SINK]!.take(firstBytes(length)) === false) {
    this.reading = false;
    this.readStop();
  }
  return undefined;
}

/** Hands what one socket reads to its sink, without node's streams in between. */
export class DirectReads {
  /** For a socket that is made. */
  readonly options: OnReadOpts = {
    buffer: shared,
    callback: (length) => this.#sink?.take(firstBytes(length)) !== false,
  };
  #sink: ByteSink | undefined;

  /** From now on `sink` gets what `socket` reads, which was made with `options` and is connected. */
  give(socket: Socket, sink: ByteSink): void {
    this.#sink = sink;
    const handle: ReadHandle | undefined = plainHandle(socket);
    if (handle === undefined) return;
    handle[SINK] = sink;
    handle[NODES_OWN] ??= handle.onread;
    handle.onread = onRead;
  }
}

/** Whether the next read overwrites them. */
export function areBorrowed(bytes: Buffer): boolean {
  return bytes.buffer === shared.buffer;
}

/** The bytes from `start` up to `end`, to keep: a copy if the next read would overwrite them. */
export function owned(bytes: Buffer, start: number, end: number): Buffer {
  if (!areBorrowed(bytes)) return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

/** What node keeps to itself of a socket; an accepted one cannot be had reading directly in any other way. */
interface Internals {
  _handle?: { readonly reading?: boolean } | null;
  _server?: unknown;
  server?: unknown;
}

/**
 * An accepted connection as a socket that reads directly; undefined where this node does not let go of it,
 * or when something was read from it already. `accepted` must come from a server with `pauseOnConnect`, and is an
 * empty shell afterwards.
 */
export function adopt(accepted: Socket, reads: DirectReads): Socket | undefined {
  const from = accepted as unknown as Internals;
  const { _handle: handle } = from;
  // One that reads already has been somebody else's.
  if (handle === undefined || handle === null || handle.reading === true || accepted.bytesRead > 0) {
    return undefined;
  }
  from._handle = null;
  const socket = new Socket({ handle, onread: reads.options } as ConstructorParameters<typeof Socket>[0]);
  // The server counts its connections by these.
  const to = socket as unknown as Internals;
  to._server = from._server;
  to.server = from.server;
  from._server = null;
  return socket;
}

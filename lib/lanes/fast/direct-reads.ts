import { type OnReadOpts, Socket } from 'node:net';

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

/** Hands what one socket reads to its sink, without node's streams in between. */
export class DirectReads {
  sink: ByteSink | undefined;
  /** For a socket that is made. */
  readonly options: OnReadOpts = {
    buffer: shared,
    callback: (length) => this.sink?.take(shared.subarray(0, length)) !== false,
  };
}

/** The bytes from `start` up to `end`, to keep: a copy if the next read would overwrite them. */
export function owned(bytes: Buffer, start: number, end: number): Buffer {
  if (bytes.buffer !== shared.buffer) {
    return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
  }
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

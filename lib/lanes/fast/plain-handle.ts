import type { Socket } from 'node:net';

/*
 * What node keeps to itself of a TCP socket: its handle, which reads and writes without the streams around it. For
 * small messages the streams cost as much as the handle does. Everything is looked for before it is used: on a node
 * that has it no more, or in another shape, there is no handle to be had, and callers go through the streams.
 */

/** Under it a write goes on that the peer did not take at once; such a one is used up. */
export interface WriteRequest {
  oncomplete?: (status: number) => void;
}

/** A connected TCP socket without TLS, as node's own streams use it. Errors are negative, as libuv numbers them. */
export interface PlainHandle {
  /** Called with `this`; how much was read, or the error, is `readLength()`. */
  onread: (this: PlainHandle, bytes: ArrayBuffer | undefined) => unknown;
  reading: boolean;
  readStop(): number;
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  /** `pieces`: buffers, or each followed by its encoding or `buffer`. */
  writev(request: WriteRequest, pieces: readonly (Buffer | string)[], allBuffers: boolean): number;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  /** How the last call went; to be read before the next. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

function streamBinding(): StreamBinding | undefined {
  try {
    const { binding } = process as unknown as { binding?: (name: string) => Partial<StreamBinding> };
    const found = binding?.('stream_wrap') ?? {};
    const { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = found;
    return typeof WriteWrap === 'function' &&
      streamBaseState instanceof Int32Array &&
      typeof kReadBytesOrError === 'number' &&
      typeof kLastWriteWasAsync === 'number'
      ? { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync }
      : undefined;
  } catch {
    return undefined;
  }
}

const METHODS = ['readStop', 'writeLatin1String', 'writeBuffer', 'writev'] as const;

const binding = streamBinding();
const state = binding?.streamBaseState ?? new Int32Array(8);
const READ_BYTES_OR_ERROR = binding?.kReadBytesOrError ?? 0;
const LAST_WRITE_WAS_ASYNC = binding?.kLastWriteWasAsync ?? 0;

/** The handle of a socket that is connected, TCP and without TLS; undefined where node does not let it be used. */
export function plainHandle(socket: Socket): PlainHandle | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: PlainHandle | null };
  if (binding === undefined || handle === undefined || handle === null) return undefined;
  if (handle.constructor.name !== 'TCP' || typeof handle.onread !== 'function') return undefined;
  return METHODS.every((name) => typeof handle[name] === 'function') ? handle : undefined;
}

/** Only where a `plainHandle` was to be had. */
export function newWriteRequest(): WriteRequest {
  return new binding!.WriteWrap();
}

/** In `onread`: bytes read, or the error. */
export function readLength(): number {
  return state[READ_BYTES_OR_ERROR]!;
}

/** Right behind a write that went well: whether a part of it is still to leave, under its request. */
export function lastWriteIsPending(): boolean {
  return state[LAST_WRITE_WAS_ASYNC] !== 0;
}

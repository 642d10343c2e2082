import { areBorrowed } from './direct-reads.ts';

/** As much as is read at once. */
const COPY_BYTES = 64 * 1024;

/** Kept for the next ones at most: 4 MB. */
const MOST_FREE = 64;

// A new buffer for each piece of a body would be garbage at once, which the collector lets lie until it comes by:
// tens of megabytes under a few fast bodies.
const free: Buffer[] = [];

/** A piece of a body that stays as it is until `giveBack`. */
export interface BodyCopy {
  readonly bytes: Buffer;
  /** What the bytes are in, when it is to be used again. */
  readonly room: Buffer | undefined;
}

/** The bytes from `start` up to `end` for a write that may take a while. */
export function copyOf(bytes: Buffer, start: number, end: number): BodyCopy {
  if (!areBorrowed(bytes)) return { bytes: bytes.subarray(start, end), room: undefined };
  const room = free.pop() ?? Buffer.allocUnsafeSlow(COPY_BYTES);
  bytes.copy(room, 0, start, end);
  return { bytes: room.subarray(0, end - start), room };
}

/** It was written. */
export function giveBack({ room }: BodyCopy): void {
  if (room !== undefined && free.length < MOST_FREE) free.push(room);
}

import type { Socket } from 'node:net';

/**
 * Whether the peer has not taken all that was written. What goes through TLS counts as written a turn of the event
 * loop after it has left, when the answer to it may have come: there only a buffer that is full says something.
 */
export function hasUnsent(socket: Socket): boolean {
  return 'encrypted' in socket ? socket.writableNeedDrain : socket.writableLength > 0;
}

import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { RequestHead } from '../../request/request-head.ts';

const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** A request of node's server as the policies read it. */
export function incomingHead(req: IncomingMessage): RequestHead {
  const { socket } = req;
  return {
    method: req.method ?? '',
    target: req.url ?? '',
    versionMinor: req.httpVersionMinor === 0 ? 0 : 1,
    headers: req.rawHeaders,
    // A listener for both families names IPv4 clients by their IPv6 form.
    clientIp: (socket.remoteAddress ?? '').replace(MAPPED_IPV4, ''),
    clientPort: socket.remotePort ?? 0,
    tls: socket instanceof TLSSocket,
  };
}

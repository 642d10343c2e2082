import type { IncomingMessage } from 'node:http';
import type { ClientOrigin } from '../../request/client-origin.ts';
import type { RequestHead } from '../../request/request-head.ts';

/** A request of node's server as the policies read it. */
export function incomingHead(req: IncomingMessage, origin: ClientOrigin): RequestHead {
  return {
    method: req.method ?? '',
    target: req.url ?? '',
    versionMinor: req.httpVersionMinor === 0 ? 0 : 1,
    headers: req.rawHeaders,
    clientIp: origin.ip,
    clientPort: origin.port,
    tls: origin.tls,
    clientCertificate: origin.certificate,
  };
}

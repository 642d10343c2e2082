import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer as createHttp2Server, type Http2SecureServer } from 'node:http2';
import { createServer, type Server } from 'node:https';
import type { TlsOptions } from 'node:tls';

export interface ListenerTls {
  readonly options: TlsOptions;
  /** Whether ALPN offers `h2` and `http/1.1`; else clients that ask are not answered. */
  readonly http2: boolean;
}

/** In ms, as node's HTTP servers know them. */
export interface ServerLimits {
  readonly requestTimeout: number;
  readonly headersTimeout: number;
  readonly keepAliveTimeout: number;
  readonly connectionsCheckingInterval: number;
}

export type SecureServer = Server | Http2SecureServer;

/** A server with TLS for the status pages, not listening yet. Throws on unusable certificates. */
export function createSecureServer(
  tls: ListenerTls,
  limits: ServerLimits,
  serve: (request: IncomingMessage, response: ServerResponse) => void,
): SecureServer {
  const { requestTimeout } = limits;
  const secure = { ...tls.options, handshakeTimeout: requestTimeout };
  // Without a list of its own the server would choose http/1.1 for who asks for it.
  if (!tls.http2) return createServer({ ...limits, ...secure, ALPNProtocols: [] }, serve);
  const server = createHttp2Server({ ...secure, allowHTTP1: true });
  Object.assign(server, limits);
  // Its requests and answers have what the handlers use of those of HTTP/1.1.
  server.on('request', serve as unknown as Parameters<typeof server.on<'request'>>[1]);
  server.on('session', (session) => session.setTimeout(requestTimeout, () => session.close()));
  // Of one client: it learns by the end of its connection.
  server.on('sessionError', () => {});
  return server;
}

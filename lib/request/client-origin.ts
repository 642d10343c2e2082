/** Who is at the other end of a client's connection: decided once, before the first request on it. */
export interface ClientOrigin {
  /** Without port; the announced one after the PROXY protocol. */
  readonly ip: string;
  readonly port: number;
  /** Whether the connection to this router is TLS. */
  readonly tls: boolean;
  /** The client's own certificate, base64 of its DER; empty = it showed none. */
  readonly certificate: string;
}

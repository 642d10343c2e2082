import type { RequestHead } from './request-head.ts';

/** What becomes of `X-Forwarded-Client-Cert` (`forwarded_client_cert`; contract: http.md 8). */
export type ForwardedClientCert = 'always_forward' | 'forward' | 'sanitize_set';

/** Whether the field passes as the client sent it. With `forward` it does for a client that has shown a certificate. */
export function keepsClientCert(
  { clientCertificate }: Pick<RequestHead, 'clientCertificate'>,
  mode: ForwardedClientCert,
): boolean {
  return mode === 'always_forward' || (mode === 'forward' && clientCertificate !== '');
}

/** What the router itself says of the client's certificate: base64 of its DER; empty = nothing. */
export function ownClientCert(
  { clientCertificate }: Pick<RequestHead, 'clientCertificate'>,
  mode: ForwardedClientCert,
): string {
  return mode === 'sanitize_set' ? clientCertificate : '';
}

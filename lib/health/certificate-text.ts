import { isIP } from 'node:net';
import type { ErrorCode } from '../errors.ts';

const PREFIX = 'tls: failed to verify certificate: x509: ';

/** Verification errors of OpenSSL as node names them. All of them mean: not a certificate we trust. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CRL_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** A failed certificate verification with Go's words for it (tls.md 5); undefined when it is none. */
export function certificateText(
  error: unknown,
  code: string,
): { readonly code: ErrorCode; readonly text: string } | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { code: 'CERT_NAME_MISMATCH', text: nameText(error) };
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return { code: 'CERT_EXPIRED', text: `${PREFIX}certificate has expired or is not yet valid` };
  }
  if (UNTRUSTED.has(code)) {
    return { code: 'CERT_UNTRUSTED', text: `${PREFIX}certificate signed by unknown authority` };
  }
  return undefined;
}

function nameText(error: unknown): string {
  const details = error as { readonly host?: unknown; readonly cert?: { readonly subjectaltname?: unknown } };
  const host = String(details.host ?? '');
  const alternatives = details.cert?.subjectaltname;
  const entries = typeof alternatives === 'string' ? alternatives.split(', ') : [];
  const names = entries.filter((entry) => entry.startsWith('DNS:')).map((entry) => entry.slice(4));
  const addresses = entries
    .filter((entry) => entry.startsWith('IP Address:'))
    .map((entry) => entry.slice('IP Address:'.length));
  if (isIP(host) !== 0) {
    return addresses.length === 0
      ? `${PREFIX}cannot validate certificate for ${host} because it doesn't contain any IP SANs`
      : `${PREFIX}certificate is valid for ${addresses.join(', ')}, not ${host}`;
  }
  if (entries.length === 0) {
    return `${PREFIX}certificate relies on legacy Common Name field, use SANs instead`;
  }
  return names.length === 0
    ? `${PREFIX}certificate is not valid for any names, but wanted to match ${host}`
    : `${PREFIX}certificate is valid for ${names.join(', ')}, not ${host}`;
}

import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/**
 * Why a certificate does not prove the expected name, or undefined when it does (contract: tls.md 5).
 *
 * Only subject alternative names count. Node falls back to the common name, which platforms fill with instance
 * ids: the name check is what keeps a stale table from sending a request to the wrong app, so no fallback.
 */
export function certificateNameProblem(name: string, certificate: PeerCertificate): Error | undefined {
  const withoutCommonName = { ...certificate, subject: { ...certificate.subject, CN: '' } };
  return checkServerIdentity(name, withoutCommonName);
}

import { X509Certificate } from 'node:crypto';
import { type DetailedPeerCertificate, getCACertificates, type TLSSocket } from 'node:tls';
import { type InvalidSubject, invalidSubject } from './client-metadata.ts';
import type { FrontTls } from './front-tls.ts';
import { certificatesOf } from './pem.ts';
import { TrustedCas, verifiedChains } from './verified-chains.ts';

/** Why a client is not let in: a text, with the facts of a broken rule if it was one. */
export interface ClientRefusal {
  readonly reason: string;
  readonly invalidSubject?: InvalidSubject;
}

/** Whose certificates are believed, and what they have to say (contract: tls.md 2). */
export class ClientTrust {
  /** PEM texts of the CAs. */
  readonly ca: readonly string[];
  readonly #tls: FrontTls;
  readonly #trusted: TrustedCas | undefined;

  constructor(tls: FrontTls) {
    this.#tls = tls;
    const asked = tls.clientCertificates !== 'none';
    const system = tls.systemCas ? getCACertificates('system') : [];
    this.ca = asked ? [...new Set([...system, ...tls.clientCas])] : [];
    if (asked && tls.metadataRules.length > 0)
      this.#trusted = new TrustedCas(this.ca.flatMap(certificatesOf));
  }

  /** What OpenSSL let pass in the handshake, as node has it, is refused here. */
  refusal(socket: TLSSocket, certificate: X509Certificate, now: Date): ClientRefusal | undefined {
    if (!socket.authorized) return { reason: `client certificate refused: ${socket.authorizationError}` };
    // A resumed session was verified when it was new.
    if (now > certificate.validToDate) return { reason: 'client certificate refused: CERT_HAS_EXPIRED' };
    if (this.#trusted === undefined) return undefined;
    const chains = verifiedChains(certificate, sentBy(socket), this.#trusted, now);
    // OpenSSL found one. That we do not must not be a way around the rules.
    if (chains.length === 0) return { reason: 'client certificate refused: no chain to check its rules by' };
    const invalid = invalidSubject(chains, this.#tls.metadataRules);
    if (invalid === undefined) return undefined;
    return { reason: 'client certificate refused: invalid subject', invalidSubject: invalid };
  }
}

/** The certificates behind the client's own, as far as node follows them. */
function sentBy(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.issuerCertificate !== undefined && certificate.issuerCertificate !== certificate) {
    certificate = certificate.issuerCertificate;
    chain.push(new X509Certificate(certificate.raw));
  }
  return chain;
}

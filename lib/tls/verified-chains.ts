import type { X509Certificate } from 'node:crypto';

/** Certificates in a chain, and signatures that are looked at for all chains of a client: what it sends is its choice. */
const MAX_DEPTH = 10;
const MAX_SIGNATURES = 100;

/** Certificates that a chain may end with, found by their subject. */
export class TrustedCas {
  readonly #bySubject = new Map<string, X509Certificate[]>();

  constructor(certificates: readonly X509Certificate[]) {
    for (const certificate of certificates) {
      const known = this.#bySubject.get(certificate.subject);
      if (known === undefined) this.#bySubject.set(certificate.subject, [certificate]);
      else known.push(certificate);
    }
  }

  named(subject: string): readonly X509Certificate[] {
    return this.#bySubject.get(subject) ?? [];
  }
}

/**
 * All chains from a certificate to one that is trusted, over those in `sent`, each link with a good signature by a CA
 * that is valid now (RFC 5280 §6.1). OpenSSL says whether there is one, not which.
 */
export function verifiedChains(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  trusted: TrustedCas,
  now: Date,
): X509Certificate[][] {
  const chains: X509Certificate[][] = [];
  let signatures = 0;

  const signs = (issuer: X509Certificate, subject: X509Certificate): boolean => {
    if (!issuer.ca || now < issuer.validFromDate || now > issuer.validToDate) return false;
    if (!subject.checkIssued(issuer)) return false;
    signatures += 1;
    return signatures <= MAX_SIGNATURES && subject.verify(issuer.publicKey);
  };
  const extend = (chain: readonly X509Certificate[]): void => {
    const last = chain.at(-1)!;
    for (const issuer of trusted.named(last.issuer)) if (signs(issuer, last)) chains.push([...chain, issuer]);
    if (chain.length >= MAX_DEPTH) return;
    for (const issuer of sent) {
      if (issuer.subject !== last.issuer || chain.some((one) => one.raw.equals(issuer.raw))) continue;
      if (signs(issuer, last)) extend([...chain, issuer]);
    }
  };
  extend([leaf]);
  return chains;
}

import type { X509Certificate } from 'node:crypto';
import { type Subject, sameSubject, subjectOf, subjectText } from './subject.ts';

/** Which subjects are good under which CA (`verify_client_certificate_metadata`; contract: tls.md 2). */
export interface MetadataRule {
  readonly issuer: Subject;
  readonly subjects: readonly Subject[];
}

/** Why a certificate is not good, as the log has it. */
export interface InvalidSubject {
  readonly issuer: string;
  readonly subject: string;
  readonly allowed: readonly string[];
}

/**
 * The first rule that a client's certificate breaks. Each chain begins with that certificate and has been verified; a
 * rule is for those that a CA of its subject is in, and all that apply have to be kept.
 */
export function invalidSubject(
  chains: readonly (readonly X509Certificate[])[],
  rules: readonly MetadataRule[],
): InvalidSubject | undefined {
  for (const [leaf, ...issuers] of chains) {
    if (leaf === undefined) continue;
    const subject = subjectOf(leaf);
    const authorities = issuers.filter(({ ca }) => ca).map(subjectOf);
    for (const { issuer, subjects } of rules) {
      if (!authorities.some((authority) => sameSubject(authority, issuer))) continue;
      if (subjects.some((allowed) => sameSubject(allowed, subject))) continue;
      return {
        issuer: subjectText(issuer),
        subject: subjectText(subject),
        allowed: subjects.map(subjectText),
      };
    }
  }
  return undefined;
}

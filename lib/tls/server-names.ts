import type { X509Certificate } from 'node:crypto';

/**
 * Which of several certificates goes with a server name (SNI, RFC 6066 §3; contract: tls.md 2): the one with exactly
 * that name, then the one with a wildcard for its first label, else the first. Of two with one name the later wins.
 */
export class ServerNames {
  readonly #byName = new Map<string, number>();

  /** The leaf of each certificate chain. */
  constructor(leaves: readonly X509Certificate[]) {
    for (const [index, leaf] of leaves.entries()) {
      for (const name of namesOf(leaf)) this.#byName.set(name.toLowerCase(), index);
    }
  }

  /** Index of the certificate for a name; 0 when none has it. */
  find(serverName: string): number {
    const name = serverName.toLowerCase().replace(/\.+$/, '');
    const exact = this.#byName.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf('.');
    return (dot < 0 ? undefined : this.#byName.get(`*${name.slice(dot)}`)) ?? 0;
  }
}

/** DNS names of a certificate; its common name counts when it has no alternative names at all. */
function namesOf(leaf: X509Certificate): readonly string[] {
  const { subjectAltName } = leaf;
  if (subjectAltName !== undefined) {
    return subjectAltName.split(', ').flatMap((entry) => (entry.startsWith('DNS:') ? [entry.slice(4)] : []));
  }
  const { CN: commonName } = leaf.toLegacyObject().subject;
  // Of several the last counts, as for whoever else reads certificates so.
  const last = Array.isArray(commonName) ? commonName.at(-1) : commonName;
  return last === undefined ? [] : [last];
}

import type { SecureVersion } from 'node:tls';

/** What the keys `min_tls_version` and `max_tls_version` may hold; empty = TLSv1.2 (contract: tls.md 2). */
const VERSIONS: ReadonlyMap<string, SecureVersion> = new Map([
  ['TLSv1.0', 'TLSv1'],
  ['TLSv1.1', 'TLSv1.1'],
  ['TLSv1.2', 'TLSv1.2'],
  ['', 'TLSv1.2'],
  ['TLSv1.3', 'TLSv1.3'],
]);

/** Node's name of a version; TLS 1.2 for what is none, which the rules of the configuration have refused. */
export function secureVersion(name: string): SecureVersion {
  return VERSIONS.get(name) ?? 'TLSv1.2';
}

/** Whether the first is a version behind the second. */
export function isOlder(a: SecureVersion, b: SecureVersion): boolean {
  return a < b; // their names sort as they were published
}

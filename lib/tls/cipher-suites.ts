import { getCiphers } from 'node:tls';

/** OpenSSL's name, then the IANA names, of every suite that `cipher_suites` may hold (contract: tls.md 3). */
const SUITES: readonly (readonly [openssl: string, ...iana: string[]])[] = [
  ['RC4-SHA', 'TLS_RSA_WITH_RC4_128_SHA'],
  ['DES-CBC3-SHA', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA'],
  ['AES128-SHA', 'TLS_RSA_WITH_AES_128_CBC_SHA'],
  ['AES256-SHA', 'TLS_RSA_WITH_AES_256_CBC_SHA'],
  ['AES128-SHA256', 'TLS_RSA_WITH_AES_128_CBC_SHA256'],
  ['AES128-GCM-SHA256', 'TLS_RSA_WITH_AES_128_GCM_SHA256'],
  ['AES256-GCM-SHA384', 'TLS_RSA_WITH_AES_256_GCM_SHA384'],
  ['ECDHE-ECDSA-RC4-SHA', 'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA'],
  ['ECDHE-ECDSA-AES128-SHA', 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'],
  ['ECDHE-ECDSA-AES256-SHA', 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA'],
  ['ECDHE-RSA-RC4-SHA', 'TLS_ECDHE_RSA_WITH_RC4_128_SHA'],
  ['ECDHE-RSA-DES-CBC3-SHA', 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA'],
  ['ECDHE-RSA-AES128-SHA', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'],
  ['ECDHE-RSA-AES256-SHA', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  ['ECDHE-ECDSA-AES128-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256'],
  ['ECDHE-RSA-AES128-SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256'],
  ['ECDHE-RSA-AES128-GCM-SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
  ['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  ['ECDHE-RSA-AES256-GCM-SHA384', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  ['ECDHE-ECDSA-AES256-GCM-SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
  [
    'ECDHE-RSA-CHACHA20-POLY1305',
    'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
    'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  ],
  [
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305',
    'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  ],
];

/** On in TLS 1.3 whatever the list says. */
const TLS13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** The names that `cipher_suites` may hold, mixed as one likes. */
export const CIPHER_SUITES: readonly string[] = [
  ...SUITES.map(([openssl]) => openssl),
  ...SUITES.flatMap(([, ...iana]) => iana),
  ...TLS13,
];

const OPENSSL_NAMES: ReadonlyMap<string, string> = new Map(
  SUITES.flatMap(([openssl, ...iana]) => [openssl, ...iana].map((name) => [name, openssl] as const)),
);

/** gorouter's text about the first name it would not know. */
export function cipherSuiteError(list: string): string | undefined {
  const unknown = list.split(':').find((name) => !CIPHER_SUITES.includes(name));
  if (unknown === undefined) return undefined;
  return `Invalid cipher string configuration: ${unknown}, please choose from [${CIPHER_SUITES.join(' ')}]`;
}

/** The names of a list that this node's OpenSSL has no suite for, such as those with RC4. */
export function missingSuites(list: string): readonly string[] {
  return list.split(':').filter((name) => OPENSSL_NAMES.has(name) && !isAvailable(OPENSSL_NAMES.get(name)!));
}

/**
 * The suites of a list for TLS 1.2 and older that there are, as OpenSSL names them, each once, the best first: the
 * order of the list has no meaning. Empty when it names only suites of TLS 1.3.
 */
export function olderSuites(list: string): readonly string[] {
  const names = new Set(list.split(':').flatMap((name) => OPENSSL_NAMES.get(name) ?? []));
  return [...names].filter(isAvailable).sort((a, b) => rank(a) - rank(b));
}

function isAvailable(openssl: string): boolean {
  return getCiphers().includes(openssl.toLowerCase());
}

/** What OpenSSL is to be given for a list. `legacyVersions`: TLS 1.0 or 1.1 is to work, too. */
export function cipherText(list: string, legacyVersions: boolean): string {
  const older = olderSuites(list);
  // Their handshakes are signed with SHA-1, which OpenSSL refuses at any higher level.
  return [...TLS13, ...older, ...(legacyVersions && older.length > 0 ? ['@SECLEVEL=0'] : [])].join(':');
}

/** The smaller the better: forward secrecy before none, authenticated encryption before CBC, broken ones last. */
function rank(name: string): number {
  const broken = name.includes('RC4') ? 64 : name.includes('DES') ? 32 : 0;
  const cbc = /GCM|CHACHA20/.test(name) ? 0 : name.endsWith('SHA256') ? 9 : 8;
  const exchange = name.startsWith('ECDHE') ? 0 : 16;
  const size = name.includes('AES256') ? 1 : name.includes('CHACHA20') ? 2 : 0;
  return broken + exchange + cbc + size * 0.1;
}

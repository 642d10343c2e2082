import type { SecureVersion } from 'node:tls';
import type { Config } from '../config/schema.ts';
import { cipherText } from './cipher-suites.ts';
import { isOlder, secureVersion } from './versions.ts';

/** What the HTTPS listener does, as plain data (contract: tls.md 2). */
export interface FrontTls {
  /** PEM texts; the first certificate is for clients that ask for a name that none has. Never empty. */
  readonly certificates: readonly { readonly cert: string; readonly key: string }[];
  /** OpenSSL's cipher list. */
  readonly ciphers: string;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  readonly clientCertificates: 'none' | 'request' | 'require';
  /** PEM texts of CAs for client certificates. */
  readonly clientCas: readonly string[];
  /** Whether the system's CAs may have signed client certificates, too. */
  readonly systemCas: boolean;
}

/** Undefined when there is no HTTPS listener. */
export function frontTls(config: Config): FrontTls | undefined {
  if (!config.enable_ssl) return undefined;
  const minVersion = secureVersion(config.min_tls_version);
  return {
    certificates: config.tls_pem.map(({ cert_chain: cert, private_key: key }) => ({ cert, key })),
    ciphers: cipherText(config.cipher_suites, isOlder(minVersion, 'TLSv1.2')),
    minVersion,
    maxVersion: secureVersion(config.max_tls_version),
    clientCertificates: clientCertificates(config.client_cert_validation),
    clientCas: config.client_ca_certs === '' ? [] : [config.client_ca_certs],
    systemCas: !config.only_trust_client_ca_certs,
  };
}

function clientCertificates(mode: string): FrontTls['clientCertificates'] {
  return mode === 'request' || mode === 'require' ? mode : 'none';
}

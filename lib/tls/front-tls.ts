import type { SecureVersion } from 'node:tls';
import type { Config } from '../config/schema.ts';
import { cipherText } from './cipher-suites.ts';
import type { MetadataRule } from './client-metadata.ts';
import { certificatesOf } from './pem.ts';
import { type Subject, subjectOf, subjectText } from './subject.ts';
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
  readonly metadataRules: readonly MetadataRule[];
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
    metadataRules: metadataRules(config),
  };
}

/** The rules for client certificates; none while they are off. */
export function metadataRules(config: Config): MetadataRule[] {
  if (!config.enable_verify_client_certificate_metadata) return [];
  return config.verify_client_certificate_metadata.map((rule) => ({
    issuer: subject(rule.issuer_in_chain),
    subjects: rule.valid_cert_subjects.map(subject),
  }));
}

type ConfiguredSubject = Config['verify_client_certificate_metadata'][number]['issuer_in_chain'];

function subject(read: ConfiguredSubject): Subject {
  return {
    country: read.country,
    organization: read.organization,
    organizationalUnit: read.organizational_unit,
    locality: read.locality,
    province: read.province,
    streetAddress: read.street_address,
    postalCode: read.postal_code,
    commonName: read.common_name,
    serialNumber: read.serial_number,
  };
}

/** What an operator wants to know of certificates in a log line: of each leaf whose it is, and until when. */
export function certificateFacts({
  certificates,
}: Pick<FrontTls, 'certificates'>): { subject: string; valid_to: string }[] {
  return certificates.flatMap(({ cert }) =>
    certificatesOf(cert)
      .slice(0, 1)
      .map((leaf) => ({ subject: subjectText(subjectOf(leaf)), valid_to: leaf.validToDate.toISOString() })),
  );
}

/** The keys of the configuration that make a FrontTls, and can be read anew while the router runs. */
export const FRONT_TLS_KEYS = [
  'tls_pem',
  'cipher_suites',
  'min_tls_version',
  'max_tls_version',
  'client_cert_validation',
  'client_ca_certs',
  'only_trust_client_ca_certs',
  'enable_verify_client_certificate_metadata',
  'verify_client_certificate_metadata',
] as const satisfies readonly (keyof Config)[];

function clientCertificates(mode: string): FrontTls['clientCertificates'] {
  return mode === 'request' || mode === 'require' ? mode : 'none';
}

import { createSecureContext } from 'node:tls';
import { cipherSuiteError, olderSuites } from '../../tls/cipher-suites.ts';
import { metadataRules } from '../../tls/front-tls.ts';
import { certificatesOf, keyPairError } from '../../tls/pem.ts';
import { sameSubject, subjectOf, subjectText } from '../../tls/subject.ts';
import { isOlder, secureVersion } from '../../tls/versions.ts';
import type { Config } from '../schema.ts';
import type { Violation } from './rule.ts';

const PEM_PAIR = 'a PEM certificate chain, leaf first, and the PEM key of the leaf';

/** Listeners and client certificates: tls.md 2, operations.md 3. */
export function* frontRules(config: Config): Generator<Violation> {
  if (config.disable_http && !config.enable_ssl) {
    yield {
      key: 'disable_http',
      found: 'true while enable_ssl is false',
      allowed: 'false, or enable_ssl: true beside it',
      message:
        'neither http nor https listener is enabled: router.enable_ssl: false, router.disable_http: true',
    };
  }
  if (config.enable_ssl) {
    for (const violation of httpsRules(config)) yield { ...violation, because: 'enable_ssl' };
  }
  if (config.client_ca_certs !== '' && certificatesOf(config.client_ca_certs).length === 0) {
    yield {
      key: 'client_ca_certs',
      found: 'a text without a usable certificate',
      allowed: 'PEM certificates',
      message: "Error while adding ClientCACerts to gorouter's client cert pool: no usable certificate",
    };
  }
  yield* domainRules(config);
}

function* httpsRules(config: Config): Generator<Violation> {
  if (config.tls_pem.length === 0) {
    yield {
      key: 'tls_pem',
      found: 'no certificate',
      allowed: `a list of {cert_chain, private_key}, each ${PEM_PAIR}`,
      message: 'router.tls_pem must be provided if router.enable_ssl is set to true',
    };
  }
  for (const [i, pair] of config.tls_pem.entries()) {
    const incomplete = pair.cert_chain === '' || pair.private_key === '';
    const error = incomplete ? '' : pairError(pair.cert_chain, pair.private_key);
    if (error === undefined) continue;
    yield {
      key: `tls_pem[${i}]`,
      found: incomplete ? 'a pair with a part missing' : 'an unusable pair',
      allowed: PEM_PAIR,
      message: incomplete
        ? 'Error parsing PEM blocks of router.tls_pem, missing cert or key.'
        : `Error loading key pair: ${error}`,
    };
  }
  if (config.cipher_suites.trim() === '') {
    yield {
      key: 'cipher_suites',
      found: 'none',
      allowed: 'OpenSSL or IANA names with colons between them, such as ECDHE-RSA-AES128-GCM-SHA256',
      message: 'must specify list of cipher suite when ssl is enabled',
    };
  } else {
    const message = cipherSuiteError(config.cipher_suites);
    if (message !== undefined) {
      yield {
        key: 'cipher_suites',
        found: JSON.stringify(config.cipher_suites),
        allowed: 'known names, with colons and no blanks between them',
        message,
      };
    }
  }
  yield* oneOf(config.client_cert_validation, ['none', 'request', 'require'], {
    key: 'client_cert_validation',
    message: "router.client_cert_validation must be one of 'none', 'request' or 'require'.",
  });
  yield* oneOf(config.min_tls_version, ['TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3', ''], {
    key: 'min_tls_version',
    message: 'router.min_tls_version must be one of TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3',
  });
  yield* oneOf(config.max_tls_version, ['TLSv1.2', 'TLSv1.3', ''], {
    key: 'max_tls_version',
    message: 'router.max_tls_version must be one of TLSv1.2, TLSv1.3',
  });
  yield* agreementRules(config);
  yield* metadataViolations(config);
  if (
    config.only_trust_client_ca_certs &&
    config.client_ca_certs === '' &&
    config.client_cert_validation !== 'none'
  ) {
    yield {
      key: 'client_ca_certs',
      found: 'none while only_trust_client_ca_certs is true',
      allowed: 'PEM certificates, or client_cert_validation: none',
      message:
        "router.client_ca_certs cannot be empty if router.only_trust_client_ca_certs is 'true' and router.client_cert_validation is set to 'request' or 'require'.",
    };
  }
}

/** What is wrong with a certificate and its key; what OpenSSL would not use is refused now, not at a handshake. */
function pairError(cert: string, key: string): string | undefined {
  const error = keyPairError(cert, key);
  if (error !== undefined) return error;
  try {
    createSecureContext({ cert, key, ca: [] });
    return undefined;
  } catch (unusable) {
    const { reason, message } = unusable as Error & { reason?: string };
    return reason ?? message;
  }
}

/** Versions and suites that leave nothing to agree on: every handshake would fail. */
function* agreementRules(config: Config): Generator<Violation> {
  const { cipher_suites: suites, min_tls_version: min, max_tls_version: max } = config;
  if (isOlder(secureVersion(max), secureVersion(min))) {
    yield {
      key: 'min_tls_version',
      found: `${min}, above max_tls_version`,
      allowed: 'a version up to max_tls_version, which is TLSv1.2 unless it is set',
      message: `router.min_tls_version ${min} is above router.max_tls_version ${max || 'TLSv1.2'}`,
      because: 'max_tls_version',
    };
  } else if (
    isOlder(secureVersion(max), 'TLSv1.3') &&
    suites.trim() !== '' &&
    cipherSuiteError(suites) === undefined &&
    olderSuites(suites).length === 0
  ) {
    yield {
      key: 'cipher_suites',
      found: `${JSON.stringify(suites)}, none of which can be used with TLS 1.2 here`,
      allowed: 'a suite of TLS 1.2, such as ECDHE-RSA-AES128-GCM-SHA256, or max_tls_version: TLSv1.3',
      message: `router.cipher_suites ${suites} has no suite that can be used with router.max_tls_version ${max || 'TLSv1.2'}`,
    };
  }
}

/** Each rule is about a CA that clients may come with. */
function* metadataViolations(config: Config): Generator<Violation> {
  const subjects = certificatesOf(config.client_ca_certs).map(subjectOf);
  for (const [i, { issuer }] of metadataRules(config).entries()) {
    if (subjects.some((subject) => sameSubject(subject, issuer))) continue;
    const name = subjectText(issuer);
    yield {
      key: `verify_client_certificate_metadata[${i}].issuer_in_chain`,
      found: name === '' ? 'no name' : JSON.stringify(name),
      allowed: 'all of the subject of a certificate in client_ca_certs',
      message: `no CA certificate found for rule with ca subject ${name}`,
    };
  }
}

function* oneOf(
  value: string,
  values: readonly string[],
  words: Pick<Violation, 'key' | 'message'>,
): Generator<Violation> {
  if (values.includes(value)) return;
  const found = value === '' ? 'nothing' : JSON.stringify(value);
  yield { ...words, found, allowed: values.filter((one) => one !== '').join(', ') };
}

/** newer.md 6. */
function* domainRules(config: Config): Generator<Violation> {
  for (const [i, entry] of config.domains.entries()) {
    const bad = (field: string, found: string, allowed: string): Violation => ({
      key: `domains[${i}].${field}`,
      found,
      allowed,
      message: `domains[${i}].${field} is ${found}, allowed is ${allowed}`,
    });
    if (entry.domain === '') yield bad('domain', 'nothing', 'a host, or *. and a host');
    if (entry.ca_certs !== '' && certificatesOf(entry.ca_certs).length === 0) {
      yield bad('ca_certs', 'a text without a usable certificate', 'PEM certificates');
    }
    if (entry.xfcc_format === 'envoy' && entry.forwarded_client_cert === 'always_forward') {
      yield bad('xfcc_format', 'envoy beside always_forward', 'raw, or another forwarded_client_cert');
    }
  }
}

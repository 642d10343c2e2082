import type { SecureContextOptions } from 'node:tls';

/**
 * Versions and ciphers among the platform's own components (contract: tls.md 6): NATS, the routing API, scrapers of
 * metrics. The TLS 1.3 suites are always the standard three; node leaves TLS 1.3 out when none is named.
 */
export const PLATFORM_TLS: Readonly<Pick<SecureContextOptions, 'minVersion' | 'maxVersion' | 'ciphers'>> = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ].join(':'),
};

import type { FrontTls } from '../../lib/tls/front-tls.ts';
import type { KeyPair } from './certificates.ts';

/** A TLS listener with those certificates, that asks its clients for none; `fields` replaces some of it. */
export function aFrontTls(certificates: readonly KeyPair[], fields: Partial<FrontTls> = {}): FrontTls {
  return {
    certificates,
    ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    clientCertificates: 'none',
    clientCas: [],
    systemCas: false,
    metadataRules: [],
    ...fields,
  };
}

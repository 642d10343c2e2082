import type { TlsOptions } from 'node:tls';
import type { Config } from '../config/schema.ts';
import { frontTls } from './front-tls.ts';

/**
 * TLS of the health listener (contract: tls.md 6): versions and ciphers of the HTTPS listener; without one exactly
 * TLS 1.2 and the library's ciphers. Clients show no certificates. Undefined while it is off.
 */
export function statusTls(config: Config): TlsOptions | undefined {
  const { certificate, key } = config.status.tls;
  if (certificate === '' || key === '') return undefined;
  const front = frontTls(config);
  const rules =
    front === undefined
      ? ({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const)
      : { minVersion: front.minVersion, maxVersion: front.maxVersion, ciphers: front.ciphers };
  return { cert: certificate, key, ...rules };
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One that signed itself, for all listeners of a bench, and its own authority. RSA, as platforms have. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
}

/** Made by openssl, for these names. */
export function makeCertificate(dir: string, names: readonly string[]): Certificate {
  mkdirSync(dir, { recursive: true });
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const alternatives = names.map((name) => `DNS:${name}`).join(',');
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=bench'],
      ...['-addext', `subjectAltName=${alternatives}`, '-keyout', keyFile, '-out', certFile],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  ); // its dots are no news; with a failure they are in the error
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

/** The two suites of the platform's deployment job; with RSA and TLS 1.2 the first is what all sides choose. */
export const CIPHERS = 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384';

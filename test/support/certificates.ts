import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** PEM texts. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface CertOptions {
  readonly ca: KeyPair;
  /** Common name; alternatively the whole subject, as `/O=x/CN=y`. */
  readonly cn: string;
  /** Subject alternative names as openssl spells them, `DNS:a.example.com` or `IP:127.0.0.1`. */
  readonly san?: readonly string[];
  /** For clients rather than for servers. */
  readonly client?: boolean;
  /** Signs other certificates, itself signed by `ca`. */
  readonly authority?: boolean;
  /** Validity from now; negative = expired already. 2 when absent. */
  readonly days?: number;
}

/** A certificate authority of its own. RSA, as the bus of the platform demands (tls.md). */
export function makeCa(cn = 'test ca'): Promise<KeyPair> {
  return inDirectory(async (directory) => {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', subject(cn)],
      ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-keyout', key, '-out', cert],
    ]);
    return readPair(key, cert);
  });
}

/** A certificate signed by `ca`. */
export function makeCert(options: CertOptions): Promise<KeyPair> {
  return inDirectory(async (directory) => {
    const file = (name: string) => join(directory, name);
    const extensions = [
      ...(options.authority === true
        ? ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']
        : [
            'basicConstraints=CA:FALSE',
            `extendedKeyUsage=${options.client === true ? 'clientAuth' : 'serverAuth'}`,
          ]),
      ...(options.san === undefined ? [] : [`subjectAltName=${options.san.join(',')}`]),
    ];
    await writeFile(file('extensions'), extensions.join('\n'));
    await writeFile(file('ca.pem'), options.ca.cert);
    await writeFile(file('ca-key.pem'), options.ca.key);
    const request = ['-subj', subject(options.cn), '-keyout', file('key.pem'), '-out', file('request.pem')];
    await run('openssl', ['req', '-newkey', 'rsa:2048', '-nodes', ...request]);
    await run('openssl', [
      ...['x509', '-req', '-in', file('request.pem'), '-CA', file('ca.pem'), '-CAkey', file('ca-key.pem')],
      ...['-CAcreateserial', '-days', String(options.days ?? 2), '-extfile', file('extensions')],
      ...['-out', file('cert.pem')],
    ]);
    return readPair(file('key.pem'), file('cert.pem'));
  });
}

function subject(cn: string): string {
  return cn.startsWith('/') ? cn : `/CN=${cn}`;
}

async function readPair(key: string, cert: string): Promise<KeyPair> {
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
}

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'certificates-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

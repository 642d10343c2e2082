import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export interface RedisServerOptions {
  /** Also listen with TLS on a port of its own; `mutual` = only for clients with a certificate. */
  readonly tls?: 'server' | 'mutual';
  /** Further directives, as on the command line: `['--requirepass', 'x']`. */
  readonly args?: readonly string[];
  /** Also listen without TLS on a TCP port; otherwise there is the unix socket alone. */
  readonly tcp?: boolean;
}

/** A real redis-server in a temporary folder. Its output is kept, and shown when it does not start. */
export class RedisServer {
  /** Made at the first start. */
  dir = '';
  /** 0 when not asked for. */
  port = 0;
  tlsPort = 0;
  output = '';
  readonly #options: RedisServerOptions;
  #child: ChildProcess | undefined;

  constructor(options: RedisServerOptions = {}) {
    this.#options = options;
  }

  get socket(): string {
    return join(this.dir, 'redis.sock');
  }

  /** Of the unix socket. */
  get url(): string {
    return `unix://${this.socket}`;
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  /** The authority, and a client's certificate and key, PEM; only with `tls`. */
  get certificates(): { ca: string; cert: string; key: string } {
    return { ca: this.#pem('ca.crt'), cert: this.#pem('client.crt'), key: this.#pem('client.key') };
  }

  /** Starts it, or starts it again on the same ports with nothing in it. */
  async start(): Promise<this> {
    const { tls, tcp, args = [] } = this.#options;
    if (this.dir === '') this.dir = mkdtempSync(join(tmpdir(), 'turnout-redis-'));
    if (tcp === true && this.port === 0) this.port = await freePort();
    const all = ['--port', String(this.port), '--bind', '127.0.0.1', '--unixsocket', this.socket];
    all.push('--dir', this.dir, '--save', '', '--daemonize', 'no');
    if (tls !== undefined) {
      if (this.tlsPort === 0) {
        this.tlsPort = await freePort();
        makeCertificates(this.dir);
      }
      all.push('--tls-port', String(this.tlsPort), '--tls-ca-cert-file', join(this.dir, 'ca.crt'));
      all.push(
        '--tls-cert-file',
        join(this.dir, 'server.crt'),
        '--tls-key-file',
        join(this.dir, 'server.key'),
      );
      all.push('--tls-auth-clients', tls === 'mutual' ? 'yes' : 'no');
    }
    const child = spawn('redis-server', [...all, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = error;
    });
    const answers = async (): Promise<boolean> => {
      if (failure !== undefined) throw failure;
      if (child.exitCode !== null)
        throw new Error(`redis-server ended with ${child.exitCode}:\n${this.output}`);
      return connects(this.socket);
    };
    await until(answers, 'redis-server listening');
    return this;
  }

  /** Resolves when the server is as `predicate` wants it. */
  async until(predicate: () => boolean): Promise<void> {
    await until(predicate, 'the state of redis-server');
  }

  /** As the command line client prints it, without the trailing newline. */
  cli(...args: string[]): string {
    return execFileSync('redis-cli', ['-s', this.socket, ...args], { encoding: 'utf8' }).replace(/\n$/, '');
  }

  /** SIGSTOP: connections stay, nobody answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Ends it at once, with all that it holds. May be called twice. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    rmSync(this.socket, { force: true });
  }

  /** Ends it and removes its folder. */
  async remove(): Promise<void> {
    await this.stop();
    if (this.dir !== '') rmSync(this.dir, { recursive: true, force: true });
  }

  #pem(name: string): string {
    return readFileSync(join(this.dir, name), 'utf8');
  }
}

async function connects(path: string): Promise<boolean> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function makeCertificates(dir: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=turnout test CA',
  );
  writeFileSync(join(dir, 'san'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const name of ['server', 'client']) {
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const sign = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...sign);
  }
}

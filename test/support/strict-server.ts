import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyPair } from './certificates.ts';
import { until } from './until.ts';

/** OpenSSL's own TLS server: one that refuses client certificates of unknown authorities with an alert. */
export class StrictServer {
  port = 0;

  /** `ca` = the only authority of clients that it trusts. */
  static async start(
    closing: (close: () => unknown) => void,
    pair: KeyPair,
    ca: string,
  ): Promise<StrictServer> {
    const directory = await mkdtemp(join(tmpdir(), 'strict-server-'));
    closing(() => rm(directory, { recursive: true, force: true }));
    const file = async (name: string, text: string): Promise<string> => {
      await writeFile(join(directory, name), text);
      return join(directory, name);
    };
    const child = spawn(
      'openssl',
      [
        ...['s_server', '-accept', '127.0.0.1:0', '-Verify', '1', '-verify_return_error'],
        ...['-cert', await file('cert.pem', pair.cert), '-key', await file('key.pem', pair.key)],
        ...['-CAfile', await file('ca.pem', ca)],
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    closing(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
    let output = '';
    child.stderr.resume();
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
    });
    const server = new StrictServer();
    server.port = await until(() => Number(/ACCEPT \S*:(\d+)/.exec(output)?.[1]), 'the port of openssl');
    return server;
  }
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../free-ports.ts';
import type { Processes } from '../processes.ts';
import type { Certificate } from './certificate.ts';
import { startNginxProcess } from './nginx-process.ts';

const PROGRAM = fileURLToPath(new URL('./backend-process.ts', import.meta.url));

export interface Backend {
  readonly port: number;
  /** Present when a certificate was given. */
  readonly tlsPort?: number;
}

/** Starts the cheap backend; resolves with its port. */
export async function startBackend(processes: Processes, core?: number): Promise<number> {
  return (await startScriptBackend(processes, core)).port;
}

/** The same, for TLS as well. */
export async function startScriptBackend(
  processes: Processes,
  core?: number,
  certificate?: Certificate,
): Promise<Backend> {
  const server = processes.start({
    name: 'backend',
    command: process.execPath,
    args: [PROGRAM, ...(certificate === undefined ? [] : [certificate.certFile, certificate.keyFile])],
    ipc: true,
    ...(core === undefined ? {} : { core }),
  });
  let ports: readonly number[] | undefined;
  server.child.once('message', (message) => {
    ports = message as number[];
  });
  const [port = 0, tlsPort] = await server.until(() => ports, 'listening');
  return tlsPort === undefined ? { port } : { port, tlsPort };
}

/**
 * nginx with the same answers, for a fourth of the CPU time: it shares its core with the load generator, and the less
 * both need, the sooner the proxies on the other core are the ones that limit.
 */
export async function startNginxBackend(
  processes: Processes,
  dir: string,
  core: number,
  certificate?: Certificate,
): Promise<Backend> {
  const [port = 0, tlsPort = 0] = await freePorts(2);
  mkdirSync(join(dir, 'files'), { recursive: true });
  writeFileSync(join(dir, 'files', '16k'), 'x'.repeat(16_384));
  writeFileSync(join(dir, 'files', '1m'), 'x'.repeat(1_048_576));
  const tls =
    certificate === undefined
      ? ''
      : `listen 0.0.0.0:${tlsPort} ssl backlog=4096;
    ssl_certificate ${certificate.certFile};
    ssl_certificate_key ${certificate.keyFile};`;
  await startNginxProcess(processes, {
    name: 'nginx as backend',
    dir,
    core,
    port,
    http: `  access_log off;
  sendfile on;
  tcp_nopush on;
  default_type text/plain;
  open_file_cache max=10;
  server {
    # On all addresses: the routes of a bench name many of 127.0.0.0/8, so that endpoints differ as real ones do.
    listen 0.0.0.0:${port} backlog=4096;
    ${tls}
    location / { return 200 "xxxxxxxxxxxxx"; }
    location /16k { root ${dir}/files; }
    location /1m { root ${dir}/files; }
  }`,
  });
  return certificate === undefined ? { port } : { port, tlsPort };
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canConnect } from '../probes/can-connect.ts';
import type { Processes, ServerProcess } from '../processes.ts';

export interface NginxProcessOptions {
  readonly name: string;
  /** A folder of its own. */
  readonly dir: string;
  readonly core: number;
  /** One that it listens on. */
  readonly port: number;
  /** What its `http` block says besides. */
  readonly http: string;
}

/** An nginx of one worker that keeps to its folder, and keeps its connections for the whole of a bench. */
export async function startNginxProcess(
  processes: Processes,
  { name, dir, core, port, http }: NginxProcessOptions,
): Promise<ServerProcess> {
  mkdirSync(dir, { recursive: true });
  const configFile = join(dir, 'nginx.conf');
  writeFileSync(
    configFile,
    `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 8192; }
http {
  client_body_temp_path ${dir}/client_body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 900s;
${http}
}
`,
  );
  const server = processes.start({ name, command: 'nginx', args: ['-p', dir, '-c', configFile], core });
  await server.until(() => canConnect(port), 'listening');
  return server;
}

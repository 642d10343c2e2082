import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../free-ports.ts';
import { canConnect } from '../probes/can-connect.ts';
import type { Processes } from '../processes.ts';
import type { Contender } from '../request-cost/contender.ts';

/** For comparison: one backend, one thread, no log. */
export async function startHaproxy(
  processes: Processes,
  dir: string,
  backendPort: number,
  core: number,
): Promise<Contender> {
  const [port = 0] = await freePorts(1);
  mkdirSync(dir, { recursive: true });
  const configFile = join(dir, 'haproxy.cfg');
  writeFileSync(
    configFile,
    `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
  option forwardfor
frontend clients
  bind 127.0.0.1:${port}
  unique-id-format %[uuid]
  http-request set-header X-Vcap-Request-Id %[unique-id]
  http-request set-header X-Forwarded-Proto http
  default_backend endpoints
backend endpoints
  server endpoint 127.0.0.1:${backendPort}
`,
  );
  const server = processes.start({
    name: 'haproxy',
    command: 'haproxy',
    args: ['-db', '-f', configFile],
    core,
  });
  await server.until(() => canConnect(port), 'listening');
  return { name: 'HAProxy', port, pid: server.pid };
}

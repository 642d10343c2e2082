import { fileURLToPath } from 'node:url';
import type { Processes } from '../processes.ts';
import type { Contender } from '../request-cost/contender.ts';

/** What others forward with in Node, each alone in a process. */
export type PlainProxy = 'http-proxy-3' | '@fastify/http-proxy';

const PROGRAMS: Readonly<Record<PlainProxy, string>> = {
  'http-proxy-3': './plain-proxy-process.ts',
  '@fastify/http-proxy': './fastify-proxy-process.ts',
};

/** For comparison: one backend, no log, nothing added. */
export async function startPlainProxy(
  processes: Processes,
  name: PlainProxy,
  backendPort: number,
  core: number,
): Promise<Contender> {
  const server = processes.start({
    name,
    command: process.execPath,
    args: [fileURLToPath(new URL(PROGRAMS[name], import.meta.url)), String(backendPort)],
    ipc: true,
    core,
  });
  let port = 0;
  server.child.once('message', (message) => {
    port = Number(message);
  });
  await server.until(() => port, 'listening');
  return { name, port, pid: server.pid };
}

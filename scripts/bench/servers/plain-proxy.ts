import { fileURLToPath } from 'node:url';
import type { Processes } from '../processes.ts';
import type { Contender } from '../request-cost/contender.ts';

const PROGRAM = fileURLToPath(new URL('./plain-proxy-process.ts', import.meta.url));

/** For comparison: the library of the general lane, alone. */
export async function startPlainProxy(
  processes: Processes,
  backendPort: number,
  core: number,
): Promise<Contender> {
  const server = processes.start({
    name: 'http-proxy-3',
    command: process.execPath,
    args: [PROGRAM, String(backendPort)],
    ipc: true,
    core,
  });
  let port = 0;
  server.child.once('message', (message) => {
    port = Number(message);
  });
  await server.until(() => port, 'listening');
  return { name: 'http-proxy-3 alone, no log', port, pid: server.pid };
}

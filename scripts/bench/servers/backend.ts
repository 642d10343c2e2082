import { fileURLToPath } from 'node:url';
import type { Processes } from '../processes.ts';

const PROGRAM = fileURLToPath(new URL('./backend-process.ts', import.meta.url));

/** Starts the cheap backend; resolves with its port. */
export async function startBackend(processes: Processes, core?: number): Promise<number> {
  const server = processes.start({
    name: 'backend',
    command: process.execPath,
    args: [PROGRAM],
    ipc: true,
    ...(core === undefined ? {} : { core }),
  });
  let port = 0;
  server.child.once('message', (message) => {
    port = Number(message);
  });
  return server.until(() => port, 'listening');
}

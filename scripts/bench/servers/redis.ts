import { freePorts } from '../free-ports.ts';
import { canConnect } from '../probes/can-connect.ts';
import type { Processes } from '../processes.ts';

/** Without files: what it holds is gone with it. Resolves with its port. */
export async function startRedis(processes: Processes): Promise<number> {
  const [port = 0] = await freePorts(1);
  const server = processes.start({
    name: 'redis-server',
    command: 'redis-server',
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
  });
  await server.until(() => canConnect(port), 'listening');
  return port;
}

import { freePorts } from '../free-ports.ts';
import { canConnect } from '../probes/can-connect.ts';
import type { Processes, ServerProcess } from '../processes.ts';

export interface Nats {
  readonly port: number;
  readonly server: ServerProcess;
}

export async function startNats(processes: Processes): Promise<Nats> {
  const [port = 0] = await freePorts(1);
  const server = processes.start({
    name: 'nats-server',
    command: 'nats-server',
    args: ['-a', '127.0.0.1', '-p', String(port)],
  });
  await server.until(() => canConnect(port), 'listening');
  return { port, server };
}

import type { Server } from 'node:net';
import type { ListenMode, TrafficPorts } from '../ipc/messages.ts';

/** `auto` takes SO_REUSEPORT where the platform has it. */
export type ListenerKind = 'auto' | 'reuse_port' | 'shared';

export interface ListenOptions {
  /** 0 = any free port. */
  readonly port: number;
  readonly listener: ListenerKind;
}

export interface Listening {
  readonly port: number;
  readonly mode: ListenMode;
}

/** What became of all listeners: all listen, or one cannot. */
export type Opened =
  | { readonly ports: TrafficPorts; readonly mode: ListenMode }
  | { readonly failed: keyof TrafficPorts; readonly message: string };

/** What platforms say that do not have SO_REUSEPORT, or not for this kind of socket. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EINVAL',
  'ENOPROTOOPT',
]);

/** Waiting connections the kernel keeps for us; it caps this at net.core.somaxconn. */
const BACKLOG = 4096;

/**
 * Opens a worker's own listener with SO_REUSEPORT, so that the kernel spreads the connections and the primary is
 * never on the data path; where that is not to be had, the handle that node:cluster shares between workers.
 * Rejects with the error of `listen`.
 */
export async function listen(server: Server, options: ListenOptions): Promise<Listening> {
  if (options.listener !== 'shared') {
    try {
      await listenOnce(server, options.port, true);
      return listening(server, 'reuse-port');
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (options.listener === 'reuse_port' || !UNSUPPORTED.has(code)) throw error;
    }
  }
  await listenOnce(server, options.port, false);
  return listening(server, 'shared-handle');
}

/** Opens those listeners that have both a server and a port. */
export async function listenAll(
  servers: { readonly http: Server | undefined; readonly https: Server | undefined },
  ports: TrafficPorts,
  kind: ListenerKind,
): Promise<Opened> {
  const opened: { -readonly [K in keyof TrafficPorts]: TrafficPorts[K] } = {
    http: undefined,
    https: undefined,
  };
  let mode: ListenMode = 'reuse-port';
  for (const name of ['http', 'https'] as const) {
    const server = servers[name];
    const port = ports[name];
    if (server === undefined || port === undefined) continue;
    try {
      const listening = await listen(server, { port, listener: kind });
      opened[name] = listening.port;
      mode = listening.mode;
    } catch (error) {
      return { failed: name, message: listenErrorText(error as NodeJS.ErrnoException, port) };
    }
  }
  return { ports: opened, mode };
}

/** Why `listen` failed, in gorouter's words (operations.md 6). */
export function listenErrorText(error: NodeJS.ErrnoException, port: number): string {
  return `listen tcp :${port}: ${GO_TEXTS[error.code ?? ''] ?? error.message}`;
}

const GO_TEXTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'bind: address already in use',
  EACCES: 'bind: permission denied',
};

function listenOnce(server: Server, port: number, reusePort: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      server.off('listening', done);
      reject(error);
    };
    const done = (): void => {
      server.off('error', failed);
      resolve();
    };
    server.once('error', failed);
    server.once('listening', done);
    server.listen({ port, backlog: BACKLOG, ...(reusePort ? { reusePort } : {}) });
  });
}

function listening(server: Server, mode: ListenMode): Listening {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener without an address');
  return { port: address.port, mode };
}

import type { Server } from 'node:net';
import type { ListenMode } from '../ipc/messages.ts';

export interface ListenOptions {
  /** 0 = any free port. */
  readonly port: number;
  /** `auto` takes SO_REUSEPORT where the platform has it. */
  readonly listener: 'auto' | 'reuse_port' | 'shared';
}

export interface Listening {
  readonly address: string;
  readonly port: number;
  readonly mode: ListenMode;
}

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
  return { address: address.address, port: address.port, mode };
}

import { connect, isIP } from 'node:net';

export interface ServerAddress {
  readonly hostname: string;
  readonly port: number;
}

/** Where a server really is: `ip` as resolved. */
export interface Peer {
  readonly ip: string;
  readonly port: number;
}

/** The first bytes of any NATS server, with TLS or without. */
const GREETING = 'INFO ';

/**
 * Whether a NATS server greets at that address, and which of the host's addresses it was. Rejects with a reason.
 *
 * The client package leaves a socket open for each attempt that meets a peer which accepts and stays silent, as
 * a suspended server does. We try for ever, so we look ourselves before the package does.
 */
export function probeServer(server: ServerAddress, timeoutMs: number, signal: AbortSignal): Promise<Peer> {
  const at = serverName(server);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.hostname, port: server.port, signal });
    const settle = (outcome: Peer | Error) => {
      clearTimeout(deadline);
      socket.destroy();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    const deadline = setTimeout(
      () => settle(new Error(`${at} did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    let greeting = '';
    socket.on('data', (chunk) => {
      greeting += chunk.toString('latin1');
      if (greeting.startsWith(GREETING)) {
        settle({ ip: socket.remoteAddress ?? server.hostname, port: socket.remotePort ?? server.port });
      } else if (greeting.length >= GREETING.length) settle(new Error(`${at} is not a NATS server`));
    });
    socket.on('error', (error: Error & { code?: string }) => settle(new Error(`${at}: ${reasonOf(error)}`)));
    socket.on('close', () => settle(new Error(`${at} closed the connection without a greeting`)));
  });
}

/** `host:port`, IPv6 in brackets. */
export function serverName({ hostname, port }: ServerAddress): string {
  return `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}`;
}

/** A name with several addresses fails with an AggregateError, whose own text is empty. */
function reasonOf(error: Error & { code?: string }): string {
  return error.message !== '' ? error.message : (error.code ?? error.name);
}

import { RouterError } from '../../errors.ts';

/** LISTEN_FAILED for the system's error, with the key that is to blame and what to do about it. */
export function listenFailure(cause: NodeJS.ErrnoException, host: string, port: number): RouterError {
  return new RouterError('LISTEN_FAILED', textOf(cause, host, port), { cause });
}

function textOf(cause: NodeJS.ErrnoException, host: string, port: number): string {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  switch (cause.code) {
    case 'EADDRINUSE':
      return `nats.embedded.port: address already in use: ${address}; set another port, or leave nats.embedded out and name the bus that is there in nats.hosts`;
    case 'EACCES':
      return `nats.embedded.port: permission denied: ${address}; set a port of 1024 or more`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `nats.embedded.host: ${JSON.stringify(host)} is no address of this host; set one that is, such as 127.0.0.1`;
    default:
      return `nats.embedded: cannot listen on ${address}: ${cause.message}`;
  }
}

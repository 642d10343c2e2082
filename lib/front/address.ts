import type { Socket } from 'node:net';

/** Where a client's connection comes from. */
export interface ClientAddress {
  readonly ip: string;
  readonly port: number;
}

const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** A listener for both families names IPv4 clients by their IPv6 form; here they get their own back. */
export function withoutMapping(ip: string): string {
  return ip.replace(MAPPED_IPV4, '');
}

export function addressOf(socket: Socket): ClientAddress {
  return { ip: withoutMapping(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
}

/** As it is written in a log line: `1.2.3.4:1111`, `[2001:db8::1]:1111`. */
export function addressText({ ip, port }: ClientAddress): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

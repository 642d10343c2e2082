import { isIPv4 } from 'node:net';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** A header of version 2 as one writes it by hand: command and family bytes, addresses, what follows them. */
export function version2(command: number, family: number, body: Buffer): Buffer {
  const head = Buffer.from([command, family, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([SIGNATURE, head, body]);
}

/** A header of version 2 that announces a TCP connection from `ip`; IPv6 in full, eight groups. */
export function announcing(ip: string, port: number): Buffer {
  const address = isIPv4(ip)
    ? Buffer.from(ip.split('.').map(Number))
    : Buffer.concat(ip.split(':').map((group) => Buffer.from(group.padStart(4, '0'), 'hex')));
  const ports = Buffer.from([port >> 8, port & 0xff, 0, 80]);
  return version2(0x21, isIPv4(ip) ? 0x11 : 0x21, Buffer.concat([address, address, ports]));
}

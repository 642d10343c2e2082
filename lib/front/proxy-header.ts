import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { type ClientAddress, withoutMapping } from './address.ts';

/** What the first bytes of a connection are (the PROXY protocol, versions 1 and 2; contract: tls.md 4). */
export type ProxyHeader =
  /** More has to come before it can be said. `begun`: it is a header as far as it goes. */
  | { readonly kind: 'incomplete'; readonly begun: boolean }
  /** Something else: all of it is for whoever comes next. */
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid'; readonly reason: string }
  /** `end`: its length. `source` is undefined when it says nothing of a client, as for a proxy's own checks. */
  | { readonly kind: 'header'; readonly end: number; readonly source: ClientAddress | undefined };

const V1_START = Buffer.from('PROXY ');
/** The longest line of version 1, its end included. */
const V1_MAX = 107;
const V1_LINE = /^PROXY (TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/;

const V2_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_FIXED = 16;
/** Of addresses and extensions: generous, and far below the 64 KiB that could be announced. */
const V2_MAX = 4096;
const LOCAL = 0x20;
const PROXY = 0x21;
const UNSPECIFIED = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;

/** Looks at all bytes that have come so far. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, V1_START)) return readVersion1(bytes);
  if (startsLike(bytes, V2_START)) return readVersion2(bytes);
  return { kind: 'none' };
}

/** Whether the bytes begin as `start` does, as far as they go. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function readVersion1(bytes: Buffer): ProxyHeader {
  if (bytes.length < V1_START.length) return { kind: 'incomplete', begun: false };
  const end = bytes.indexOf('\r\n');
  if (end < 0 && bytes.length < V1_MAX) return { kind: 'incomplete', begun: true };
  if (end < 0 || end + 2 > V1_MAX) return invalid('a line of more than 107 bytes');
  const match = V1_LINE.exec(bytes.toString('latin1', 0, end));
  if (match === null) return invalid('not PROXY, TCP4 or TCP6, two addresses and two ports');
  const [, family, source, destination, sourcePort, destinationPort] = match;
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6;
  if (!isAddress(source!) || !isAddress(destination!)) return invalid(`no ${family} addresses`);
  const port = Number(sourcePort);
  if (port > 0xffff || Number(destinationPort) > 0xffff) return invalid('a port above 65535');
  return { kind: 'header', end: end + 2, source: { ip: canonical(source!), port } };
}

function readVersion2(bytes: Buffer): ProxyHeader {
  if (bytes.length < V2_START.length) return { kind: 'incomplete', begun: false };
  if (bytes.length < V2_FIXED) return { kind: 'incomplete', begun: true };
  const command = bytes[12]!;
  const family = bytes[13]!;
  const length = bytes.readUInt16BE(14);
  if (command !== LOCAL && command !== PROXY) return invalid(`version and command ${hex(command)}`);
  if (length > V2_MAX) return invalid(`more than ${V2_MAX} bytes of addresses and extensions`);
  const end = V2_FIXED + length;
  if (bytes.length < end) return { kind: 'incomplete', begun: true };
  if (command === LOCAL || family === UNSPECIFIED) return { kind: 'header', end, source: undefined };
  const addressBytes = family === TCP4 ? 4 : family === TCP6 ? 16 : 0;
  if (addressBytes === 0) return invalid(`address family and transport ${hex(family)}`);
  if (length < 2 * addressBytes + 4) return invalid('too short for its addresses');
  const address = bytes.subarray(V2_FIXED, V2_FIXED + addressBytes);
  const port = bytes.readUInt16BE(V2_FIXED + 2 * addressBytes);
  return { kind: 'header', end, source: { ip: canonical(addressText(address)), port } };
}

function addressText(address: Buffer): string {
  if (address.length === 4) return address.join('.');
  return Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16)).join(':');
}

/** An address as everyone writes it. */
function canonical(ip: string): string {
  if (isIPv4(ip)) return ip;
  return withoutMapping(new SocketAddress({ address: ip, family: 'ipv6' }).address);
}

function invalid(reason: string): ProxyHeader {
  return { kind: 'invalid', reason };
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

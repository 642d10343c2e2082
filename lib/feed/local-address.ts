import { createSocket } from 'node:dgram';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** Of a block set aside for documentation (RFC 5737), so that only the default route leads there. */
const FAR_AWAY = '203.0.113.1';

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * The source address that the kernel picks for what leaves this host. Connecting a UDP socket asks for it
 * without sending a packet. A host without a default route falls back to the address of an interface, and one
 * without any to loopback: enough for a router that has its host to itself.
 */
export async function localAddress(): Promise<string> {
  return (await sourceAddress()) ?? interfaceAddress(networkInterfaces());
}

/** The first address that others may reach: IPv4 before IPv6. */
export function interfaceAddress(interfaces: Interfaces): string {
  const addresses = Object.values(interfaces).flatMap((list) => list ?? []);
  const usable = addresses.filter(({ internal, address }) => !internal && !/^fe80:/i.test(address));
  return (usable.find(({ family }) => family === 'IPv4') ?? usable[0])?.address ?? '127.0.0.1';
}

function sourceAddress(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const settle = (address: string | undefined) => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => settle(undefined));
    socket.connect(9, FAR_AWAY, (error?: Error) => {
      settle(error === undefined || error === null ? socket.address().address : undefined);
    });
  });
}

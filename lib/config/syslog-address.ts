import { isIP } from 'node:net';

/** Where a syslog server listens: `logging.syslog_network` and `logging.syslog_addr`. */
export type SyslogAddress =
  | {
      readonly kind: 'tcp' | 'udp';
      /** Name or address, IPv6 without brackets. */
      readonly host: string;
      readonly port: number;
      /** 0 = whichever the name has. */
      readonly family: 0 | 4 | 6;
    }
  | { readonly kind: 'unix'; readonly path: string };

/** What cannot be used, and why. */
export interface BadSyslogAddress {
  readonly key: 'logging.syslog_network' | 'logging.syslog_addr';
  readonly allowed: string;
  readonly reason: string;
}

const NETWORKS = 'tcp, tcp4, tcp6, udp, udp4, udp6, unix';
const HOST_PORT = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/u;
/** sockaddr_un holds 108 bytes, the closing NUL included (unix(7)). */
const LONGEST_PATH = 107;

/** Reads the two settings; Go's names of networks. */
export function syslogAddress(network: string, address: string): SyslogAddress | BadSyslogAddress {
  if (network === 'unix') return unixAddress(address);
  const [, kind, family] = /^(tcp|udp)([46]?)$/u.exec(network) ?? [];
  if (kind !== 'tcp' && kind !== 'udp') {
    const reason = network.startsWith('unix')
      ? `${network}: only stream sockets of the file system can be written to, "unix"; have the log server listen on one, or on UDP on loopback`
      : `invalid syslog network: ${network}`;
    return { key: 'logging.syslog_network', allowed: NETWORKS, reason };
  }
  const [, bracketed, plain, digits] = HOST_PORT.exec(address) ?? [];
  const port = Number(digits);
  if (
    digits === undefined ||
    port < 1 ||
    port > 65_535 ||
    (bracketed !== undefined && isIP(bracketed) !== 6)
  ) {
    return {
      key: 'logging.syslog_addr',
      allowed: 'host:port, such as logs.example.com:514 or [::1]:514',
      reason: `${JSON.stringify(address)} is no host:port`,
    };
  }
  // Go dials the local host where no host is given.
  const host = bracketed ?? (plain === '' ? 'localhost' : plain!);
  return { kind, host, port, family: family === '4' ? 4 : family === '6' ? 6 : 0 };
}

/** Of a configuration that was found valid. */
export function syslogTarget(logging: {
  readonly syslog_network: string;
  readonly syslog_addr: string;
}): SyslogAddress {
  const address = syslogAddress(logging.syslog_network, logging.syslog_addr);
  if (isBadAddress(address)) throw new Error(address.reason);
  return address;
}

function unixAddress(path: string): SyslogAddress | BadSyslogAddress {
  if (path.startsWith('/') && Buffer.byteLength(path) <= LONGEST_PATH) return { kind: 'unix', path };
  return {
    key: 'logging.syslog_addr',
    allowed: `with syslog_network unix, an absolute path of at most ${LONGEST_PATH} bytes`,
    reason: `${JSON.stringify(path)} is no path of a socket`,
  };
}

export function isBadAddress(address: SyslogAddress | BadSyslogAddress): address is BadSyslogAddress {
  return 'reason' in address;
}

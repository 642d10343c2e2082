import { isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { expect } from 'chai';
import { interfaceAddress, localAddress } from '../../../lib/feed/local-address.ts';

function at(address: string, internal = false): NetworkInterfaceInfo {
  const common = { address, netmask: '', mac: '', internal, cidr: null };
  return isIP(address) === 6 ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' };
}

describe('localAddress', () => {
  it('is an address of this host', async () => {
    expect(isIP(await localAddress())).to.be.oneOf([4, 6]);
  });

  const cases: { name: string; given: Record<string, NetworkInterfaceInfo[]>; expect: string }[] = [
    {
      name: 'takes the first IPv4 address that is not internal',
      given: { lo: [at('127.0.0.1', true)], eth0: [at('fd00::1'), at('10.0.0.5')], eth1: [at('10.0.0.6')] },
      expect: '10.0.0.5',
    },
    {
      name: 'takes IPv6 where there is no IPv4',
      given: { lo: [at('::1', true)], eth0: [at('fe80::1'), at('fd00::1')] },
      expect: 'fd00::1',
    },
    {
      name: 'falls back to loopback',
      given: { lo: [at('127.0.0.1', true)], eth0: [at('fe80::1')] },
      expect: '127.0.0.1',
    },
    { name: 'falls back to loopback without any interface', given: {}, expect: '127.0.0.1' },
  ];
  for (const { name, given, expect: wanted } of cases) {
    it(name, () => expect(interfaceAddress(given)).to.equal(wanted));
  }
});

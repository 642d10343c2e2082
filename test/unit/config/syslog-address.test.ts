import { expect } from 'chai';
import { parseConfig } from '../../../lib/config/load.ts';
import { syslogAddress } from '../../../lib/config/syslog-address.ts';

describe('syslogAddress', () => {
  const good: { network: string; address: string; expect: object }[] = [
    {
      network: 'tcp',
      address: 'logs.example.com:514',
      expect: { kind: 'tcp', host: 'logs.example.com', port: 514, family: 0 },
    },
    { network: 'udp', address: '10.0.0.1:1', expect: { kind: 'udp', host: '10.0.0.1', port: 1, family: 0 } },
    {
      network: 'tcp6',
      address: '[::1]:65535',
      expect: { kind: 'tcp', host: '::1', port: 65_535, family: 6 },
    },
    { network: 'udp4', address: ':514', expect: { kind: 'udp', host: 'localhost', port: 514, family: 4 } },
    { network: 'unix', address: '/dev/log', expect: { kind: 'unix', path: '/dev/log' } },
  ];
  for (const given of good) {
    it(`takes ${given.network} ${given.address}`, () => {
      expect(syslogAddress(given.network, given.address)).to.deep.equal(given.expect);
    });
  }

  const bad: { network: string; address: string; key: string; says: string }[] = [
    { network: 'tcp', address: 'logs.example.com', key: 'syslog_addr', says: 'is no host:port' },
    { network: 'tcp', address: 'logs.example.com:syslog', key: 'syslog_addr', says: 'is no host:port' },
    { network: 'tcp', address: '::1:514', key: 'syslog_addr', says: 'is no host:port' },
    { network: 'tcp', address: '[logs]:514', key: 'syslog_addr', says: 'is no host:port' },
    { network: 'udp', address: '10.0.0.1:0', key: 'syslog_addr', says: 'is no host:port' },
    { network: 'udp', address: '10.0.0.1:65536', key: 'syslog_addr', says: 'is no host:port' },
    { network: 'http', address: '10.0.0.1:1', key: 'syslog_network', says: 'invalid syslog network: http' },
    { network: 'tcpx', address: '10.0.0.1:1', key: 'syslog_network', says: 'invalid syslog network: tcpx' },
    { network: 'unixgram', address: '/dev/log', key: 'syslog_network', says: 'only stream sockets' },
    { network: 'unix', address: 'log', key: 'syslog_addr', says: 'is no path of a socket' },
    { network: 'unix', address: `/${'x'.repeat(107)}`, key: 'syslog_addr', says: 'is no path of a socket' },
  ];
  for (const given of bad) {
    it(`refuses ${given.network} ${given.address.slice(0, 30)}, naming the key`, () => {
      const found = syslogAddress(given.network, given.address);
      expect(found).to.include({ key: `logging.${given.key}` });
      expect((found as { reason: string }).reason).to.contain(given.says);
    });
  }

  it('is asked for only when the access log is streamed', () => {
    const logging = 'logging: {syslog_network: pigeon}';
    expect(parseConfig(logging).problems).to.deep.equal([]);
    const { problems } = parseConfig(`${logging}\naccess_log: {enable_streaming: true}`);
    expect(problems.map(({ key, severity }) => [key, severity])).to.deep.equal([
      ['logging.syslog_network', 'error'],
    ]);
  });
});

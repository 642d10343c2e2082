import { expect } from 'chai';
import { type ProxyHeader, readProxyHeader } from '../../../lib/front/proxy-header.ts';
import { announcing, version2 } from '../../support/proxy-header-fixture.ts';

const V6 = '2001:0db8:0000:0000:0000:0000:0000:0001';

function text(line: string): Buffer {
  return Buffer.from(line, 'latin1');
}

describe('readProxyHeader', () => {
  const headers: { name: string; bytes: Buffer; source: { ip: string; port: number } | undefined }[] = [
    {
      name: 'version 1, IPv4',
      bytes: text('PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\r\n'),
      source: { ip: '1.2.3.4', port: 1111 },
    },
    {
      name: 'version 1, IPv6',
      bytes: text('PROXY TCP6 2001:DB8:0::1 ::1 65535 0\r\n'),
      source: { ip: '2001:db8::1', port: 65_535 },
    },
    {
      name: 'version 1, mapped IPv4',
      bytes: text('PROXY TCP6 ::ffff:1.2.3.4 ::ffff:5.6.7.8 1 2\r\n'),
      source: { ip: '1.2.3.4', port: 1 },
    },
    { name: 'version 2, IPv4', bytes: announcing('1.2.3.4', 1111), source: { ip: '1.2.3.4', port: 1111 } },
    { name: 'version 2, IPv6', bytes: announcing(V6, 443), source: { ip: '2001:db8::1', port: 443 } },
    {
      name: 'version 2 with extensions',
      bytes: version2(
        0x21,
        0x11,
        Buffer.concat([Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 0, 80]), text('tlv')]),
      ),
      source: { ip: '1.2.3.4', port: 9 },
    },
    { name: 'version 2, local', bytes: version2(0x20, 0x00, Buffer.alloc(0)), source: undefined },
    {
      name: 'version 2, local with an address',
      bytes: version2(0x20, 0x11, Buffer.alloc(12, 1)),
      source: undefined,
    },
    { name: 'version 2, unspecified', bytes: version2(0x21, 0x00, text('anything')), source: undefined },
  ];
  for (const { name, bytes, source } of headers) {
    it(`reads ${name}, whatever follows and wherever it is cut`, () => {
      const followed = Buffer.concat([bytes, text('GET / HTTP/1.1\r\n\r\n')]);
      expect(readProxyHeader(followed)).to.deep.equal({ kind: 'header', end: bytes.length, source });
      for (let cut = 1; cut < bytes.length; cut += 1) {
        const begun = cut >= (bytes[0] === 80 ? 6 : 12);
        const expected: ProxyHeader = { kind: 'incomplete', begun };
        expect(readProxyHeader(bytes.subarray(0, cut)), `the first ${cut}`).to.deep.equal(expected);
      }
    });
  }

  const others = [
    'GET / HTTP/1.1\r\n',
    'POST / HTTP/1.1\r\n',
    'PROXY\t',
    'PROXIES',
    'proxy TCP4',
    '\x16\x03\x01',
    '\r\nGET /',
    '\0',
  ];
  for (const bytes of others) {
    it(`leaves ${JSON.stringify(bytes)} alone`, () => {
      expect(readProxyHeader(text(bytes))).to.deep.equal({ kind: 'none' });
    });
  }

  const invalid: { name: string; bytes: Buffer }[] = [
    { name: 'UNKNOWN', bytes: text('PROXY UNKNOWN\r\n') },
    { name: 'another type', bytes: text('PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n') },
    { name: 'a missing port', bytes: text('PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n') },
    { name: 'a bad address', bytes: text('PROXY TCP4 1.2.3.400 5.6.7.8 1 2\r\n') },
    { name: 'a bad destination', bytes: text('PROXY TCP4 1.2.3.4 here 1 2\r\n') },
    { name: 'an address of the other family', bytes: text('PROXY TCP4 ::1 ::1 1 2\r\n') },
    { name: 'a port above 65535', bytes: text('PROXY TCP4 1.2.3.4 5.6.7.8 70000 2\r\n') },
    { name: 'a port that is no number', bytes: text('PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n') },
    { name: 'two blanks', bytes: text('PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n') },
    { name: 'a bare LF', bytes: text(`PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n${'x'.repeat(107)}`) },
    { name: 'a line without end', bytes: text(`PROXY TCP4 ${'1'.repeat(107)}`) },
    { name: 'an end after 107 bytes', bytes: text(`PROXY TCP4 ${'1'.repeat(100)}\r\n`) },
    { name: 'version 3', bytes: version2(0x31, 0x11, Buffer.alloc(12)) },
    { name: 'an unknown command', bytes: version2(0x22, 0x11, Buffer.alloc(12)) },
    { name: 'UDP', bytes: version2(0x21, 0x12, Buffer.alloc(12)) },
    { name: 'a socket of unix', bytes: version2(0x21, 0x31, Buffer.alloc(216)) },
    { name: 'IPv6 in too few bytes', bytes: version2(0x21, 0x21, Buffer.alloc(12)) },
    { name: 'too many extensions', bytes: version2(0x21, 0x11, Buffer.alloc(4097)) },
  ];
  for (const { name, bytes } of invalid) {
    it(`refuses ${name}`, () => {
      expect(readProxyHeader(bytes).kind).to.equal('invalid');
    });
  }
});

import { expect } from 'chai';
import { parseHostPort } from '../../../lib/status/host-port.ts';

describe('parseHostPort', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:17002', '127.0.0.1', 17002],
    ['localhost:0', 'localhost', 0],
    [':8080', '::', 8080],
    ['[::1]:8080', '::1', 8080],
    ['0.0.0.0:65535', '0.0.0.0', 65535],
  ] as const) {
    it(`reads ${text}`, () => expect(parseHostPort(text)).to.deep.equal({ host, port }));
  }

  for (const text of ['17002', 'a:b', '::1:80', 'a:65536', 'a:80:', '[::1]', 'a: 80', '']) {
    it(`names ${JSON.stringify(text)}, which is none`, () => {
      expect(() => parseHostPort(text)).to.throw(`address ${text}: host:port is expected`);
    });
  }
});

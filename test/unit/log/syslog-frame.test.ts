import { expect } from 'chai';
import { cutUtf8, SyslogFrame } from '../../../lib/log/syslog-frame.ts';

const AT = Date.UTC(2026, 10, 22, 16, 32, 18, 999);
const PLAIN = { app: 'vcap.gorouter', hostname: 'router-0', pid: 4711, truncateBytes: 0 };

describe('a syslog message', () => {
  it('has the bytes that are asked for: one dash, a byte order mark, no LF', () => {
    const message = Buffer.from(new SyslogFrame(PLAIN).message('shop.test - "ü"', AT));
    const mark = Buffer.from([0xef, 0xbb, 0xbf]);
    const header = '<14>1 2026-11-22T16:32:18Z router-0 vcap.gorouter 4711 - ';
    expect(message).to.deep.equal(Buffer.concat([Buffer.from(header), mark, Buffer.from('shop.test - "ü"')]));
  });

  it('has the time of each line, to the second', () => {
    const frame = new SyslogFrame(PLAIN);
    const times = [AT, AT + 1, AT + 2, AT - 60_000].map((at) => frame.message('', at).slice(6, 26));
    expect(times).to.deep.equal([
      '2026-11-22T16:32:18Z',
      '2026-11-22T16:32:19Z',
      '2026-11-22T16:32:19Z',
      '2026-11-22T16:31:18Z',
    ]);
  });

  it('cuts the line, not what stands before it', () => {
    const frame = new SyslogFrame({ ...PLAIN, truncateBytes: 4 });
    expect(frame.message('12345', AT)).to.match(/ - \ufeff1234$/u);
    expect(frame.message('1234', AT)).to.match(/ - \ufeff1234$/u);
  });

  it('keeps a name with blanks one word', () => {
    const frame = new SyslogFrame({ ...PLAIN, app: 'my router', hostname: '' });
    expect(frame.message('x', AT)).to.contain('18Z - my_router 4711 - ');
  });
});

describe('cutUtf8', () => {
  const cases: { text: string; bytes: number; expect: string }[] = [
    { text: 'abc', bytes: 3, expect: 'abc' },
    { text: 'abc', bytes: 2, expect: 'ab' },
    { text: 'aüb', bytes: 2, expect: 'a' },
    { text: 'aüb', bytes: 3, expect: 'aü' },
    { text: '世界', bytes: 5, expect: '世' },
    { text: '😀', bytes: 3, expect: '' },
  ];
  for (const given of cases) {
    it(`leaves ${JSON.stringify(given.expect)} of ${given.text} at ${given.bytes} bytes`, () => {
      expect(cutUtf8(given.text, given.bytes)).to.equal(given.expect);
    });
  }
});

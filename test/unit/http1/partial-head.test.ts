import { expect } from 'chai';
import { PartialHead } from '../../../lib/http1/partial-head.ts';

/** Which of the pieces made parsing worth while. */
function calls(pieces: readonly string[]): boolean[] {
  const head = new PartialHead(0);
  return pieces.map((piece) => head.add(Buffer.from(piece, 'latin1')));
}

describe('PartialHead', () => {
  const START = 'GET / HTTP/1.1\r\n';
  const TABLE: readonly { name: string; given: readonly string[]; expect: readonly boolean[] }[] = [
    { name: 'at the first piece', given: ['G'], expect: [true] },
    { name: 'not for a few bytes more', given: [START, 'Ho', 'st: a'], expect: [true, false, false] },
    { name: 'not at the end of a line', given: [START, 'A: b\r\n'], expect: [true, false] },
    { name: 'at the empty line', given: [START, 'A: b\r\n\r\n'], expect: [true, true] },
    {
      name: 'at the last byte of the empty line',
      given: [START, 'A: b\r\n\r', '\n'],
      expect: [true, false, true],
    },
    {
      name: 'at an empty line that came byte by byte',
      given: [START, '\r', '\n'],
      expect: [true, false, true],
    },
    { name: 'at an empty line with a body behind', given: [START, '\r\nbody'], expect: [true, true] },
    { name: 'at a bare LF', given: [START, 'A: b\n'], expect: [true, true] },
    { name: 'at a bare LF in the next piece', given: [START, 'A: b', '\n'], expect: [true, false, true] },
    {
      name: 'not at LF behind a CR of the piece before',
      given: [START, 'A\r', '\n'],
      expect: [true, false, false],
    },
  ];
  for (const { name, given, expect: expected } of TABLE) {
    it(`asks for parsing ${name}`, () => expect(calls(given)).to.deep.equal(expected));
  }

  it('asks again whenever the head has doubled, so that single bytes cost no more than a few readings', () => {
    const asked = calls(Array.from({ length: 100_000 }, () => 'x')).filter(Boolean).length;
    expect(asked).to.equal(1 + Math.floor(Math.log2(100_000)));
  });

  it('asks as soon as the head is longer than any may be, however little is missing to double', () => {
    const head = new PartialHead(10);
    const asked = ['xxxxxxxx', 'xx', 'x', 'x'].map((piece) => head.add(Buffer.from(piece)));
    expect(asked).to.deep.equal([true, false, true, true]);
  });

  it('keeps all bytes in order, and a copy of them', () => {
    const head = new PartialHead(0);
    const expected: number[] = [];
    for (let i = 0; i < 3_000; i += 1) {
      const piece = Buffer.from([i & 255, (i * 7) & 255]);
      expected.push(...piece);
      head.add(piece);
      piece.fill(0);
    }
    expect(head.length).to.equal(6_000);
    expect(head.bytes.equals(Buffer.from(expected))).to.equal(true);
  });
});

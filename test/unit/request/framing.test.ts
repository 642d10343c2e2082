import { expect } from 'chai';
import { isAnswer } from '../../../lib/request/answer.ts';
import { type Framing, framingHeaders, requestFraming } from '../../../lib/request/framing.ts';

describe('requestFraming', () => {
  const CASES: readonly { name: string; given: string[]; minor?: 0 | 1; expect: Framing | number }[] = [
    { name: 'no field', given: [], expect: { kind: 'none' } },
    { name: 'a length', given: ['Content-Length', '12'], expect: { kind: 'length', length: 12 } },
    { name: 'length 0', given: ['content-length', '0'], expect: { kind: 'length', length: 0 } },
    { name: 'chunked in any case', given: ['TRANSFER-encoding', 'Chunked'], expect: { kind: 'chunked' } },
    {
      name: 'a length in HTTP/1.0',
      given: ['Content-Length', '1'],
      minor: 0,
      expect: { kind: 'length', length: 1 },
    },
    { name: 'two equal lengths', given: ['Content-Length', '1', 'Content-Length', '1'], expect: 400 },
    { name: 'a list of lengths', given: ['Content-Length', '1, 1'], expect: 400 },
    { name: 'a sign', given: ['Content-Length', '+1'], expect: 400 },
    { name: 'hexadecimal', given: ['Content-Length', '0x1'], expect: 400 },
    { name: 'an empty length', given: ['Content-Length', ''], expect: 400 },
    { name: '2^53', given: ['Content-Length', '9007199254740992'], expect: 400 },
    { name: 'both', given: ['Content-Length', '1', 'Transfer-Encoding', 'chunked'], expect: 400 },
    { name: 'chunked in HTTP/1.0', given: ['Transfer-Encoding', 'chunked'], minor: 0, expect: 400 },
    {
      name: 'chunked twice',
      given: ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'],
      expect: 400,
    },
    { name: 'chunked, chunked', given: ['Transfer-Encoding', 'chunked, chunked'], expect: 400 },
    { name: 'an empty element', given: ['Transfer-Encoding', ',chunked'], expect: 400 },
    { name: 'a parameter', given: ['Transfer-Encoding', 'chunked;p'], expect: 400 },
    { name: 'a vertical tab', given: ['Transfer-Encoding', '\x0bchunked'], expect: 400 },
    { name: 'an empty coding', given: ['Transfer-Encoding', ''], expect: 400 },
    { name: 'gzip, chunked', given: ['Transfer-Encoding', 'gzip, chunked'], expect: 501 },
    { name: 'xchunked', given: ['Transfer-Encoding', 'xchunked'], expect: 501 },
    { name: 'identity', given: ['Transfer-Encoding', 'identity'], expect: 501 },
  ];
  for (const { name, given, minor = 1, expect: expected } of CASES) {
    it(`${name}: ${typeof expected === 'number' ? expected : expected.kind}`, () => {
      const framing = requestFraming({ headers: given, versionMinor: minor });

      if (typeof expected !== 'number') expect(framing).to.deep.equal(expected);
      else {
        expect(isAnswer(framing)).to.equal(true);
        expect(framing).to.include({ status: expected, close: true });
      }
    });
  }

  it('is told to the endpoint as it was', () => {
    expect(framingHeaders({ kind: 'none' })).to.deep.equal([]);
    expect(framingHeaders({ kind: 'length', length: 0 })).to.deep.equal(['Content-Length', '0']);
    expect(framingHeaders({ kind: 'chunked' })).to.deep.equal(['Transfer-Encoding', 'chunked']);
  });
});

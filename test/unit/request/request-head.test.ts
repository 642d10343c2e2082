import { expect } from 'chai';
import { hasToken, headerValue, headerValues } from '../../../lib/request/request-head.ts';

describe('request head lookups', () => {
  const headers = ['Accept', 'a', 'X-Two', 'one', 'x-tWO', 'two', 'Connection', 'Keep-Alive, ,UPGRADE ,x'];

  it('find the first value of a name in any case', () => {
    expect(headerValue(headers, 'x-two')).to.equal('one');
    expect(headerValue(headers, 'x-three')).to.equal(undefined);
    // A value is never taken for a name.
    expect(headerValue(['X', 'accept', 'Y', 'z'], 'accept')).to.equal(undefined);
  });

  it('find all values in order', () => {
    expect(headerValues(headers, 'x-two')).to.deep.equal(['one', 'two']);
  });

  it('do not take other characters for letters of another case', () => {
    expect(headerValue(['X^', 'v'], 'x~')).to.equal(undefined);
    expect(headerValue(['X_Y', 'v'], 'x\x7fy')).to.equal(undefined);
  });

  for (const [value, expected] of [
    ['upgrade', true],
    ['Upgrade', true],
    ['keep-alive, Upgrade', true],
    ['keep-alive,\tupgrade ,', true],
    ['upgraded', false],
    ['keep-alive upgrade', false],
    ['', false],
  ] as const) {
    it(`${expected ? 'find' : 'do not find'} the token upgrade in ${JSON.stringify(value)}`, () => {
      expect(hasToken(['Connection', value], 'connection', 'upgrade')).to.equal(expected);
    });
  }

  it('find a token in the second of two fields', () => {
    expect(hasToken(['Connection', 'close', 'Connection', 'upgrade'], 'connection', 'upgrade')).to.equal(
      true,
    );
  });
});

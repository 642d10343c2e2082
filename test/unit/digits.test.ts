import { expect } from 'chai';
import { sixDigits, threeDigits, unixMsText } from '../../lib/digits.ts';

describe('digits', () => {
  it('pads to three', () => {
    expect([0, 7, 42, 999].map(threeDigits)).to.deep.equal(['000', '007', '042', '999']);
  });

  it('pads to six', () => {
    const cases = [0, 1, 999, 1_000, 1_001, 123_456, 999_999];
    const expected = ['000000', '000001', '000999', '001000', '001001', '123456', '999999'];
    expect(cases.map(sixDigits)).to.deep.equal(expected);
  });

  it('writes Unix ms as they are, whatever the order in which seconds come', () => {
    for (const ms of [
      1_763_868_000_000, 1_763_868_000_001, 1_763_867_999_999, 1_763_868_000_042, 0, 999, 1000,
    ]) {
      expect(unixMsText(ms)).to.equal(String(ms));
    }
    expect(unixMsText(1_763_868_000_999.999)).to.equal('1763868000999');
  });
});

import { expect } from 'chai';
import { maxConnsShare } from '../../../lib/balance/max-conns-share.ts';

describe('maxConnsShare', () => {
  for (const [maxConns, workers, expected] of [
    [0, 4, [0, 0, 0, 0]],
    [-1, 2, [0, 0]],
    [500, 1, [500]],
    [500, 3, [167, 167, 166]],
    [4, 4, [1, 1, 1, 1]],
    [2, 4, [1, 1, 1, 1]],
  ] as const) {
    it(`shares ${maxConns} between ${workers} as ${expected.join(', ')}`, () => {
      const shares = Array.from({ length: workers }, (_, index) => maxConnsShare(maxConns, workers, index));
      expect(shares).to.deep.equal(expected);
    });
  }
});

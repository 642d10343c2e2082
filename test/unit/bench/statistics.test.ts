import { expect } from 'chai';
import { median, quantile } from '../../../scripts/bench/statistics.ts';

describe('bench statistics', () => {
  const cases = [
    { name: 'the middle of an odd number of values', values: [9, 1, 5], share: 0.5, expected: 5 },
    {
      name: 'between the two in the middle of an even number',
      values: [4, 1, 2, 3],
      share: 0.5,
      expected: 2.5,
    },
    { name: 'the largest', values: [10, 9, 100], share: 1, expected: 100 },
    { name: 'the smallest', values: [10, 9, 100], share: 0, expected: 9 },
    { name: 'a value in between, by distance', values: [0, 100], share: 0.99, expected: 99 },
  ];
  for (const { name, values, share, expected } of cases) {
    it(`finds ${name}`, () => expect(quantile(values, share)).to.equal(expected));
  }

  it('compares numbers by size, not by their digits', () => expect(median([10, 9, 100])).to.equal(10));

  it('leaves its argument in order', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).to.deep.equal([3, 1, 2]);
  });
});

import { expect } from 'chai';
import { IdleLimits } from '../../../lib/lanes/idle-limits.ts';

const LONGEST = 90_000;
const MINUTE = 60_000;

describe('IdleLimits', () => {
  const TABLE: readonly {
    readonly name: string;
    readonly closes: readonly (readonly [idleMs: number, at: number])[];
    readonly at: number;
    readonly expect: number;
  }[] = [
    { name: 'knows nothing at first', closes: [], at: 0, expect: LONGEST },
    { name: 'does not believe one close', closes: [[5_000, 0]], at: 1, expect: LONGEST },
    {
      name: 'takes four fifths of what two closes say',
      closes: [
        [5_000, 0],
        [5_100, 10_000],
      ],
      at: 10_000,
      expect: 4_000,
    },
    {
      name: 'takes the shorter of the two',
      closes: [
        [5_100, 0],
        [5_000, 10_000],
      ],
      at: 10_000,
      expect: 4_000,
    },
    {
      name: 'does not believe closes after different times',
      closes: [
        [5_000, 0],
        [20_000, 30_000],
      ],
      at: 30_000,
      expect: LONGEST,
    },
    {
      name: 'takes closes of one moment for a restart',
      closes: [
        [5_000, 0],
        [5_000, 0],
        [5_000, 500],
      ],
      at: 500,
      expect: LONGEST,
    },
    {
      name: 'takes closes after less than a second for a restart',
      closes: [
        [500, 0],
        [500, 10_000],
      ],
      at: 10_000,
      expect: LONGEST,
    },
    {
      name: 'is never longer than the limit of all',
      closes: [
        [600_000, 0],
        [600_000, 700_000],
      ],
      at: 700_000,
      expect: LONGEST,
    },
    {
      name: 'follows an endpoint that changes',
      closes: [
        [5_000, 0],
        [5_000, 10_000],
        [20_000, 40_000],
        [20_000, 70_000],
      ],
      at: 70_000,
      expect: 16_000,
    },
    {
      name: 'forgets after ten minutes',
      closes: [
        [5_000, 0],
        [5_000, 10_000],
      ],
      at: 10_001 + 10 * MINUTE,
      expect: LONGEST,
    },
  ];
  for (const { name, closes, at, expect: expected } of TABLE) {
    it(name, () => {
      const limits = new IdleLimits(LONGEST);
      for (const [idleMs, when] of closes) limits.closed('a', idleMs, when);
      expect(limits.of('a', at)).to.equal(expected);
      expect(limits.of('b', at)).to.equal(LONGEST);
    });
  }

  it('remembers a bounded number of endpoints, the latest', () => {
    const limits = new IdleLimits(LONGEST);
    for (const at of [0, MINUTE]) {
      for (let i = 0; i < 10_500; i += 1) limits.closed(`endpoint ${i}`, 5_000, at + i * 2);
    }
    for (const at of [2 * MINUTE, 3 * MINUTE]) limits.closed('last', 5_000, at);
    expect(limits.of('last', 3 * MINUTE)).to.equal(4_000);
    expect(limits.of('endpoint 0', 3 * MINUTE)).to.equal(LONGEST);
  });
});

import { expect } from 'chai';
import { preciseNowMs, unixMsAt } from '../../lib/clock.ts';

describe('preciseNowMs', () => {
  it('stays within 3 ms of the wall clock and never stands still for long', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i += 1) {
      const now = preciseNowMs();
      expect(Math.abs(now - Date.now())).to.be.lessThan(3);
      seen.add(now);
    }
    expect(seen.size).to.be.greaterThan(100);
  });
});

describe('unixMsAt', () => {
  it('tells apart readings within one millisecond', () => {
    const first = performance.now();
    const times = [unixMsAt(first), unixMsAt(first + 0.001), unixMsAt(first + 0.5)];
    expect(times[1]! - times[0]!).to.be.closeTo(0.001, 0.0005);
    expect(times[2]! - times[0]!).to.be.closeTo(0.5, 0.0005);
  });
});

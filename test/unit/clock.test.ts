import { expect } from 'chai';
import { preciseNowMs, unixClock } from '../../lib/clock.ts';

describe('preciseNowMs', () => {
  it('stays with the wall clock and never stands still for long', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i += 1) {
      const before = Date.now();
      const now = preciseNowMs();
      // However long this process was held up in between. 2 ms are tolerated, and `after` was cut to a whole one.
      const after = Date.now() + 1;
      expect(now).to.be.within(before - 2.1, after + 2.1);
      seen.add(now);
    }
    expect(seen.size).to.be.greaterThan(100);
  });
});

describe('unixClock', () => {
  const START = Date.UTC(2026, 10, 22);

  it('tells apart readings within one millisecond', () => {
    const unixMsAt = unixClock(() => START, START);
    expect([0, 0.25, 0.5].map(unixMsAt)).to.deep.equal([START, START + 0.25, START + 0.5]);
  });

  it('looks at the wall clock once in 50 ms, and follows when it was set', () => {
    let wall = START;
    let looks = 0;
    const unixMsAt = unixClock(() => {
      looks += 1;
      return wall;
    }, START);
    for (let at = 0; at < 50; at += 0.5) unixMsAt(at);
    expect(looks).to.equal(1);
    wall = START - 3_600_000;
    expect(unixMsAt(49.5)).to.equal(START + 49.5);
    expect(unixMsAt(50)).to.equal(wall);
    expect(unixMsAt(60.5)).to.equal(wall + 10.5);
    expect(looks).to.equal(2);
  });

  it('does not follow what only the whole milliseconds of the wall clock make of it', () => {
    let at = 0;
    const unixMsAt = unixClock(() => Math.floor(START + at), START);
    for (; at < 1_000; at += 0.7) expect(unixMsAt(at)).to.equal(START + at);
  });
});

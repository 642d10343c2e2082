import { expect } from 'chai';
import { OncePerSecond } from '../../../lib/log/once-per-second.ts';

describe('OncePerSecond', () => {
  it('admits one of each kind per second, and tells how many it held back', () => {
    let now = 5000;
    const limit = new OncePerSecond(() => now);
    expect(limit.admit('a')).to.equal(0);
    expect(limit.admit('b')).to.equal(0);
    expect(limit.admit('a')).to.equal(undefined);
    now = 5999;
    expect(limit.admit('a')).to.equal(undefined);
    now = 6000;
    expect(limit.admit('a')).to.equal(2);
    expect(limit.admit('a')).to.equal(undefined);
    expect(limit.admit('b')).to.equal(0);
    now = 9000;
    expect(limit.admit('a')).to.equal(1);
    now = 10_000;
    expect(limit.admit('a')).to.equal(0);
  });
});

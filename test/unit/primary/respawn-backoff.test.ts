import { expect } from 'chai';
import { RespawnBackoff } from '../../../lib/primary/respawn-backoff.ts';

describe('RespawnBackoff', () => {
  it('starts at once after a first death, then waits longer with each quick one', () => {
    const backoff = new RespawnBackoff(() => 1);
    const delays = [1, 2, 3, 4, 5].map(() => backoff.delayMs(50));
    expect(delays).to.deep.equal([0, 100, 200, 400, 800]);
    expect(backoff.quickDeaths).to.equal(5);
  });

  it('never waits longer than 30 s', () => {
    const backoff = new RespawnBackoff(() => 1);
    const delays = Array.from({ length: 40 }, () => backoff.delayMs(0));
    expect(Math.max(...delays)).to.equal(30_000);
  });

  it('spreads the waits over half of their length', () => {
    const [soonest, latest] = [0, 1].map((random) => {
      const backoff = new RespawnBackoff(() => random);
      backoff.delayMs(0);
      return backoff.delayMs(0);
    });
    expect([soonest, latest]).to.deep.equal([50, 100]);
  });

  it('begins anew once a worker has lived', () => {
    const backoff = new RespawnBackoff(() => 1);
    for (let i = 0; i < 5; i += 1) backoff.delayMs(0);
    expect(backoff.delayMs(10_000)).to.equal(0);
    expect(backoff.quickDeaths).to.equal(0);
    expect(backoff.delayMs(0)).to.equal(0);
    expect(backoff.delayMs(0)).to.equal(100);
  });
});

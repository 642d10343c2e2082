import { expect } from 'chai';
import { Draining } from '../../../lib/lanes/draining.ts';

describe('Draining', () => {
  let running: number;
  let calls: string[];
  let draining: Draining;

  beforeEach(() => {
    running = 0;
    calls = [];
    draining = new Draining({
      isEmpty: () => running === 0,
      onBegin: () => calls.push(`begin, begun: ${draining.begun}`),
      onEnd: () => calls.push('end'),
    });
  });

  it('does nothing before it begins', () => {
    expect(draining.begun).to.equal(false);
    draining.check();
    expect(calls).to.deep.equal([]);
  });

  it('is over when nothing runs, once nothing more can come', async () => {
    running = 2;
    const noMore = Promise.withResolvers<void>();
    const over = draining.begin(noMore.promise);
    expect(calls).to.deep.equal(['begin, begun: true']);
    running = 0;
    draining.check(); // more may come
    running = 1;
    noMore.resolve();
    await noMore.promise;
    expect(calls).to.deep.equal(['begin, begun: true']);
    running = 0;
    draining.check();
    await over;
    expect(calls).to.deep.equal(['begin, begun: true', 'end']);
  });

  it('is over at once when nothing runs', async () => {
    await draining.begin(Promise.resolve());
    expect(calls).to.deep.equal(['begin, begun: true', 'end']);
  });

  it('begins and ends once', async () => {
    const over = draining.begin(Promise.resolve());
    expect(draining.begin(Promise.resolve())).to.equal(over);
    await over;
    draining.check();
    expect(calls).to.deep.equal(['begin, begun: true', 'end']);
  });
});

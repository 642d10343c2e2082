import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect } from 'chai';
import { LoopDelay } from '../../lib/loop-delay.ts';
import { closingAfterEach } from '../support/closing.ts';
import { until } from '../support/until.ts';

const MS = 1e6;

describe('LoopDelay', () => {
  const closing = closingAfterEach();

  it('tells for how long the event loop was held up, once', async () => {
    const delay = new LoopDelay();
    delay.start();
    closing(() => delay.stop());
    // Measures as often, and a moment later: what it has noticed the other has noticed.
    const beside = monitorEventLoopDelay({ resolution: 20 });
    beside.enable();
    closing(() => beside.disable());
    await until(() => beside.count > 0, 'a first measurement');
    const from = performance.now();
    while (performance.now() - from < 300);
    await until(() => beside.max > 250 * MS, 'the delay');
    expect(delay.takeMaxMs()).to.be.at.least(250);
    expect(delay.takeMaxMs()).to.equal(0);
  });
});

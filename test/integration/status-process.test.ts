import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { RouterProcess } from '../support/router-process.ts';

describe('the primary, as /varz shows it', () => {
  const closing = closingAfterEach();

  it('is the process that was started, with what it takes of memory and time', async () => {
    const router = await RouterProcess.start(closing, 'nats: {embedded: {port: 0}}');
    const { primary } = (await router.status('/varz')) as { primary: Record<string, number> };
    expect(primary).to.have.keys('pid', 'rss_bytes', 'heap_used_bytes', 'cpu_ms', 'loop_delay_max_ms');
    expect(primary.pid).to.equal(router.pid);
    expect(primary.heap_used_bytes).to.be.within(1e6, primary.rss_bytes ?? 0);
    // Nobody reads in a whole router without it.
    expect(primary.cpu_ms).to.be.above(0);
    expect(primary.loop_delay_max_ms).to.be.at.least(0);
  });
});

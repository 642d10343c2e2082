import { expect } from 'chai';
import { Orphanhood } from '../../../lib/worker/orphanhood.ts';
import { until } from '../../support/until.ts';

function anOrphanhood(graceMs: number) {
  const ends: number[] = [];
  const orphanhood = new Orphanhood({ graceMs, drainTimeoutMs: 900, end: (ms) => ends.push(ms) });
  return { orphanhood, ends };
}

describe('Orphanhood', () => {
  it('does nothing on a signal while there is a primary', () => {
    const { orphanhood, ends } = anOrphanhood(10);
    orphanhood.signalled();
    expect(ends).to.deep.equal([]);
  });

  it('ends after the grace period', async () => {
    const { orphanhood, ends } = anOrphanhood(10);
    orphanhood.begin();
    expect(ends).to.deep.equal([]);
    await until(() => ends.length === 1, 'the end');
    expect(ends).to.deep.equal([900]);
  });

  it('ends on a signal, and cuts on a second one', () => {
    const { orphanhood, ends } = anOrphanhood(0);
    orphanhood.begin();
    orphanhood.signalled();
    orphanhood.signalled();
    expect(ends).to.deep.equal([900, 0]);
  });

  it('ends at once when the signal was seen before the loss', () => {
    const { orphanhood, ends } = anOrphanhood(600_000);
    orphanhood.signalled();
    orphanhood.begin();
    expect(ends).to.deep.equal([900]);
  });

  it('takes the signal right behind such a loss for the same again, and cuts on the next', () => {
    const { orphanhood, ends } = anOrphanhood(600_000);
    orphanhood.signalled();
    orphanhood.begin();
    orphanhood.signalled();
    expect(ends).to.deep.equal([900]);
    orphanhood.signalled();
    expect(ends).to.deep.equal([900, 0]);
  });
});

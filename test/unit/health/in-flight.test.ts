import { expect } from 'chai';
import { InFlight } from '../../../lib/health/in-flight.ts';

describe('InFlight', () => {
  it('counts each address by itself, however begins and ends are mixed', () => {
    const counts = new InFlight();
    const a = counts.begin('a:1');
    const b = counts.begin('b:1');
    const again = counts.begin('a:1');
    expect([counts.of('a:1'), counts.of('b:1'), counts.of('c:1')]).to.deep.equal([2, 1, 0]);
    counts.end(b);
    counts.end(a);
    expect([counts.of('a:1'), counts.of('b:1'), counts.busy]).to.deep.equal([1, 0, 1]);
    counts.end(again);
    expect([counts.of('a:1'), counts.busy]).to.deep.equal([0, 0]);
  });

  it('goes on with an address that was idle', () => {
    const counts = new InFlight();
    counts.end(counts.begin('a:1'));
    const begun = counts.begin('a:1');
    expect([counts.of('a:1'), counts.busy]).to.deep.equal([1, 1]);
    counts.end(begun);
  });

  it('forgets idle addresses when they are many, and no busy one', () => {
    const counts = new InFlight();
    const busy = counts.begin('busy:1');
    for (let n = 0; n < 5000; n += 1) counts.end(counts.begin(`a${n}:1`));
    expect(counts.known).to.be.lessThan(2000);
    expect([counts.of('busy:1'), counts.busy]).to.deep.equal([1, 1]);
    counts.end(busy);
    expect([counts.of('busy:1'), counts.busy]).to.deep.equal([0, 0]);
  });
});

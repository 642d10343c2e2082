import { expect } from 'chai';
import { SharedValues } from '../../../lib/feed/shared-values.ts';

describe('SharedValues', () => {
  it('hands out the value first seen, and forgets the oldest beyond its limit', () => {
    const shared = new SharedValues<object>(2);
    const [first, second] = [{}, {}];
    expect(shared.share('a', first)).to.equal(first);
    expect(shared.share('a', second)).to.equal(first);
    shared.share('b', {});
    shared.share('c', {});
    expect(shared.share('a', second)).to.equal(second);
  });
});

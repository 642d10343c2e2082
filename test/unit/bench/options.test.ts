import { expect } from 'chai';
import { benchOptions } from '../../../scripts/bench/options.ts';

describe('what a bench is told to run', () => {
  const chosen = (...args: string[]): string[] => benchOptions(args).chosen.map(({ name }) => name);

  it('is everything when nothing is named, without profiles', () => {
    expect(chosen()).to.include.members(['heartbeats', 'request-cost-small-get', 'request-cost-latency']);
    expect(chosen().filter((name) => name.startsWith('profile'))).to.deep.equal([]);
  });

  it('may be named by the beginning or the end', () => {
    expect(chosen('restart')).to.deep.equal(['restart-embedded', 'restart-redis']);
    expect(chosen('small-get', 'latency')).to.deep.equal(['request-cost-small-get', 'request-cost-latency']);
    expect(chosen('request-cost').every((name) => name.startsWith('request-cost-'))).to.equal(true);
  });

  it('is named once, however often it is chosen', () => {
    expect(chosen('small-get', 'request-cost-small-get')).to.deep.equal(['request-cost-small-get']);
  });

  it('may be the profile of a row', () => {
    expect(chosen('profile', 'small-get')).to.deep.equal(['profile-small-get']);
    expect(() => chosen('profile')).to.throw('profile what?');
    expect(() => chosen('profile', 'heartbeats')).to.throw("no scenario is called 'heartbeats'");
  });

  it('is refused when there is none of that name', () => {
    expect(() => chosen('get')).not.to.throw();
    expect(() => chosen('smal')).to.throw("no scenario is called 'smal': there are heartbeats");
  });
});

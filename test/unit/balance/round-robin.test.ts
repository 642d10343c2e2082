import { expect } from 'chai';
import { roundRobin } from '../../../lib/balance/round-robin.ts';
import { EndpointStates } from '../../../lib/health/endpoint-states.ts';
import type { Endpoint } from '../../../lib/routes/endpoint.ts';
import { describePicker, pickContext } from '../../support/describe-picker.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';

describePicker('round-robin', roundRobin);

describe('roundRobin', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((host) => anEndpoint({ host, port: 1, instanceIndex: host })) as [
    Endpoint,
    Endpoint,
    Endpoint,
  ];
  const pool = aPool('a.com', [a, b, c]);

  function sequence(states: EndpointStates, picks: number, nowMs = 0): string {
    let hosts = '';
    for (let i = 0; i < picks; i += 1)
      hosts += roundRobin.pick(pool, pickContext({ states, nowMs }))?.host ?? '-';
    return hosts;
  }

  it('goes round in the order of the pool, from a position of its own', () => {
    expect(sequence(new EndpointStates(() => 0), 7)).to.equal('abcabca');
    expect(sequence(new EndpointStates(() => 2.5 / 2 ** 30), 4)).to.equal('cabc');
  });

  it('lets the neighbour take the share of a marked endpoint, until the mark is over', () => {
    const states = new EndpointStates(() => 0);
    states.mark('a.com', b.address, 100);
    expect(sequence(states, 6, 99)).to.equal('accacc');
    expect(sequence(states, 6, 100)).to.equal('abcabc');
  });

  it('forgets the marks of a pool whose endpoints are all marked', () => {
    const states = new EndpointStates(() => 0);
    for (const endpoint of pool.endpoints) states.mark('a.com', endpoint.address, 100);
    expect(sequence(states, 6)).to.equal('abcabc');
    expect(pool.endpoints.map((endpoint) => states.marked(pool, endpoint, 0))).to.deep.equal([
      false,
      false,
      false,
    ]);
  });

  it('keeps the marks while one endpoint is neither marked nor at its limit', () => {
    const states = new EndpointStates(() => 0);
    states.mark('a.com', a.address, 100);
    states.mark('a.com', b.address, 100);
    expect(sequence(states, 3)).to.equal('ccc');
    states.begin(c);
    const context = pickContext({ states, maxConns: 1 });
    expect(roundRobin.pick(pool, context)?.host, 'all usable ones are marked').to.equal('a');
    expect(states.marked(pool, a, 0)).to.equal(false);
  });

  it('leaves marks of the local zone alone while another zone can serve', () => {
    const states = new EndpointStates(() => 0);
    const near = anEndpoint({ host: 'near', availabilityZone: 'z1' });
    const far = anEndpoint({ host: 'far', availabilityZone: 'z2' });
    const zoned = aPool('a.com', [near, far]);
    states.mark('a.com', near.address, 100);
    expect(roundRobin.pick(zoned, pickContext({ states, localZone: 'z1' }))).to.equal(far);
    expect(states.marked(zoned, near, 0)).to.equal(true);
  });

  it('goes on behind the endpoint that failed, without moving the position twice', () => {
    const states = new EndpointStates(() => 0);
    expect(roundRobin.pick(pool, pickContext({ states }))).to.equal(a);
    const retry = pickContext({ states, attempt: 2, tried: new Set([a.address]) });
    expect(roundRobin.pick(pool, retry)).to.equal(b);
    expect(roundRobin.pick(pool, { ...retry, attempt: 3, tried: new Set([a.address, b.address]) })).to.equal(
      c,
    );
    expect(roundRobin.pick(pool, pickContext({ states }))).to.equal(b);
  });

  it('prefers a marked endpoint over one that failed for this request', () => {
    const states = new EndpointStates(() => 0);
    states.mark('a.com', b.address, 100);
    const two = aPool('a.com', [a, b]);
    expect(roundRobin.pick(two, pickContext({ states, attempt: 2, tried: new Set([a.address]) }))).to.equal(
      b,
    );
    expect(states.marked(two, b, 0)).to.equal(true);
  });
});

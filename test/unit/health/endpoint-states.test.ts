import { expect } from 'chai';
import { EndpointStates } from '../../../lib/health/endpoint-states.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';

describe('EndpointStates', () => {
  const endpoint = anEndpoint();
  const pool = aPool('a.com', [endpoint]);

  it('counts requests by address, over a replaced endpoint object', () => {
    const states = new EndpointStates();
    const first = states.begin(endpoint);
    const second = states.begin(anEndpoint({ instanceId: 'other' }));
    expect(states.inFlight(endpoint)).to.equal(2);
    expect(states.busy).to.equal(1);
    states.end(first);
    states.end(second);
    expect(states.inFlight(endpoint)).to.equal(0);
    expect(states.busy).to.equal(0);
    states.end(states.begin(endpoint));
    expect(states.inFlight(endpoint)).to.equal(0);
  });

  it('honours a mark until its time, on its own route alone', () => {
    const states = new EndpointStates();
    states.mark('a.com', endpoint.address, 1_000);
    expect(states.marked(pool, endpoint, 999)).to.equal(true);
    expect(states.marked(aPool('b.com', [endpoint]), endpoint, 999)).to.equal(false);
    expect(states.marked(pool, endpoint, 1_000)).to.equal(false);
    expect(states.marked(pool, endpoint, 999), 'forgotten once it was over').to.equal(false);
  });

  it('forgets all marks of a pool, or those of an endpoint that left', () => {
    const states = new EndpointStates();
    const other = anEndpoint({ port: 1 });
    states.mark('a.com', endpoint.address, 1_000);
    states.mark('a.com', other.address, 1_000);
    states.forgetEndpoint('a.com', other.address);
    expect(states.marked(pool, other, 0)).to.equal(false);
    expect(states.marked(pool, endpoint, 0)).to.equal(true);
    expect(states.marksIgnored).to.equal(0);
    states.clearMarks(pool);
    expect(states.marked(pool, endpoint, 0)).to.equal(false);
    states.clearMarks(pool);
    expect(states.marksIgnored).to.equal(1);
  });

  it("starts each pool's rotation at a random position and advances it by one", () => {
    const randoms = [0.5, 0.25];
    const states = new EndpointStates(() => randoms.shift()!);
    const half = states.nextPosition(pool);
    expect(half).to.equal(2 ** 29);
    expect(states.nextPosition(aPool('b.com', []))).to.equal(2 ** 28);
    expect(states.nextPosition(aPool('a.com', [])), 'the same route, another pool object').to.equal(half + 1);
  });

  it('knows nothing of a pool once it is gone', () => {
    const randoms = [0.5, 0, 0.25, 0];
    const states = new EndpointStates(() => randoms.shift()!);
    states.nextPosition(pool);
    states.nextPosition(aPool('b.com', []));
    states.mark('a.com', endpoint.address, 1_000);
    states.retain((key) => key === 'a.com');
    expect(states.marked(pool, endpoint, 0)).to.equal(true);
    states.forget('a.com');
    expect(states.marked(pool, endpoint, 0)).to.equal(false);
    expect(states.nextPosition(pool)).to.equal(2 ** 28);
    expect(states.nextPosition(aPool('b.com', [])), 'not retained').to.equal(0);
  });

  it('keeps nothing of a throw-away pool', () => {
    const states = new EndpointStates(() => 0.5);
    const thrownAway = aPool('', [endpoint]);
    states.mark('', endpoint.address, 1_000);
    expect(states.marked(thrownAway, endpoint, 0)).to.equal(false);
    expect([states.nextPosition(thrownAway), states.nextPosition(thrownAway)]).to.deep.equal([
      2 ** 29,
      2 ** 29,
    ]);
  });
});

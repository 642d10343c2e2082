import { expect } from 'chai';
import { EndpointStates } from '../../../lib/health/endpoint-states.ts';
import { type Endpoint, NO_OPTIONS } from '../../../lib/routes/endpoint.ts';
import { Arrivals } from '../../../lib/worker/arrivals.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';

const slowly = (slowStart: number | undefined): Partial<Endpoint> => ({
  options: { ...NO_OPTIONS, slowStart },
});

function world(defaultMs = 0) {
  const states = new EndpointStates(() => 0);
  const arrivals = new Arrivals(states, defaultMs, () => 5_000);
  const pool = aPool('a.com', [anEndpoint({ port: 1, instanceId: 'one' })]);
  const put = (fields: Partial<Endpoint>) =>
    arrivals.follow({ op: 'put', key: 'a.com', endpoint: anEndpoint(fields) }, pool);
  const newcomers = () => [...(states.newcomers(pool, 5_000) ?? [])];
  return { states, arrivals, put, newcomers };
}

describe('Arrivals', () => {
  it('starts an endpoint slowly that comes while the worker serves', () => {
    const { arrivals, put, newcomers, states } = world();
    arrivals.begin();
    put({ port: 2, ...slowly(30) });
    expect(newcomers()).to.deep.equal([['10.0.0.1:2', { sinceMs: 5_000, windowMs: 30_000 }]]);
    expect(states.newcomersUntilMs).to.equal(35_000);
    states.forgetEndpoint('a.com', '10.0.0.1:2');
    expect(newcomers()).to.deep.equal([]);
  });

  it('takes those for old that come before it serves', () => {
    const { put, newcomers, states } = world(1_000);
    put({ port: 2 });
    expect([newcomers(), states.newcomersUntilMs]).to.deep.equal([[], 0]);
  });

  for (const { name, fields, defaultMs, expected } of [
    { name: 'nothing said and no default', fields: {}, defaultMs: 0, expected: undefined },
    { name: 'nothing said', fields: {}, defaultMs: 9_000, expected: 9_000 },
    { name: '0, against the default', fields: slowly(0), defaultMs: 9_000, expected: undefined },
    { name: 'its own time, against the default', fields: slowly(0.5), defaultMs: 9_000, expected: 500 },
  ]) {
    it(`goes by ${name}`, () => {
      const { arrivals, put, newcomers } = world(defaultMs);
      arrivals.begin();
      put({ port: 2, ...fields });
      expect(newcomers()[0]?.[1].windowMs).to.equal(expected);
    });
  }

  it('tells an instance that says something else from another instance at its address', () => {
    const { arrivals, put, newcomers } = world(1_000);
    arrivals.begin();
    put({ port: 1, instanceId: 'one', appId: 'changed' });
    expect(newcomers()).to.deep.equal([]);
    put({ port: 1, instanceId: 'two' });
    expect(newcomers()).to.have.length(1);
  });

  it('forgets newcomers whose time is over', () => {
    const { arrivals, put, states } = world(1_000);
    arrivals.begin();
    put({ port: 2 });
    expect(states.newcomers(aPool('a.com', []), 5_999)).to.have.length(1);
    expect(states.newcomers(aPool('a.com', []), 6_000)).to.equal(undefined);
  });
});

import { expect } from 'chai';
import { chooseEndpoint } from '../../../lib/balance/choose-endpoint.ts';
import { EndpointStates } from '../../../lib/health/endpoint-states.ts';
import { pickContext } from '../../support/describe-picker.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';

describe('chooseEndpoint', () => {
  const a = anEndpoint({ port: 1, instanceId: 'ia' });
  const b = anEndpoint({ port: 2, instanceId: 'ib' });
  const pool = aPool('a.com', [a, b]);

  for (const [name, stickyId, expected] of [
    ['an instance id', 'ib', b],
    ['an address', b.address, b],
    ['an id that the pool does not have', 'gone', a],
    ['no id', undefined, a],
  ] as const) {
    it(`follows ${name}`, () => {
      expect(chooseEndpoint(pool, { ...pickContext(), stickyId })).to.equal(expected);
    });
  }

  it('takes the last registered of two endpoints with the id', () => {
    const twin = anEndpoint({ port: 3, instanceId: 'ia' });
    const chosen = chooseEndpoint(aPool('a.com', [a, twin, b]), { ...pickContext(), stickyId: 'ia' });
    expect(chosen).to.equal(twin);
  });

  it('follows a sticky id to a marked endpoint, without moving the rotation', () => {
    const states = new EndpointStates(() => 0);
    states.mark('a.com', b.address, 1_000);
    const context = { ...pickContext({ states }), stickyId: 'ib' };
    expect(chooseEndpoint(pool, context)).to.equal(b);
    expect(chooseEndpoint(pool, { ...context, stickyId: undefined })).to.equal(a);
  });

  it('balances when the sticky endpoint is at its limit, and on a retry', () => {
    const states = new EndpointStates(() => 0);
    states.begin(b);
    const context = { ...pickContext({ states, maxConns: 1 }), stickyId: 'ib' };
    expect(chooseEndpoint(pool, context)).to.equal(a);
    const retry = { ...pickContext({ attempt: 2, tried: new Set([b.address]) }), stickyId: 'ib' };
    expect(chooseEndpoint(pool, retry)).to.equal(a);
  });

  it('gives a mandatory id its instance on every attempt, or none', () => {
    const context = { ...pickContext({ attempt: 2, tried: new Set([b.address]) }), stickyId: undefined };
    expect(chooseEndpoint(pool, { ...context, mandatoryId: 'ib' })).to.equal(b);
    expect(chooseEndpoint(pool, { ...context, mandatoryId: 'gone' })).to.equal(undefined);
  });

  it("uses the pool's own algorithm", () => {
    const states = new EndpointStates(() => 0);
    states.begin(a);
    const context = { ...pickContext({ states }), stickyId: undefined };
    expect(chooseEndpoint(aPool('a.com', [a, b], { algorithm: 'least-connection' }), context)).to.equal(b);
    expect(chooseEndpoint(aPool('a.com', [a, b], { algorithm: 'hash' }), context)).to.equal(a);
  });
});

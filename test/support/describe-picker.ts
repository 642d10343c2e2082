import { expect } from 'chai';
import type { PickContext, Picker } from '../../lib/balance/picker.ts';
import { EndpointStates } from '../../lib/health/endpoint-states.ts';
import type { Endpoint } from '../../lib/routes/endpoint.ts';
import { anEndpoint, aPool } from './endpoint-fixture.ts';
import { seededRandom } from './random.ts';

/** A first attempt without limits; `fields` replaces some of it. */
export function pickContext(fields: Partial<PickContext> = {}): PickContext {
  return {
    states: new EndpointStates(() => 0),
    nowMs: 0,
    random: seededRandom(1),
    maxConns: 0,
    attempt: 1,
    localZone: undefined,
    tried: undefined,
    hash: undefined,
    ...fields,
  };
}

/** How often each address is picked in `rounds` picks that end at once. */
export function shares(
  picker: Picker,
  endpoints: readonly Endpoint[],
  fields: Partial<PickContext> = {},
  rounds = 600,
): Record<string, number> {
  const counts: Record<string, number> = {};
  const pool = aPool('a.com', endpoints);
  const context = pickContext(fields);
  for (let i = 0; i < rounds; i += 1) {
    const address = picker.pick(pool, context)?.address ?? 'none';
    counts[address] = (counts[address] ?? 0) + 1;
  }
  return counts;
}

/** What every policy owes, whatever its order. */
export function describePicker(name: string, picker: Picker): void {
  describe(`${name} as a picker`, () => {
    const [a, b, c] = [1, 2, 3].map((port) => anEndpoint({ port, host: 'h' })) as [
      Endpoint,
      Endpoint,
      Endpoint,
    ];

    it('has nothing to pick from an empty pool', () => {
      expect(picker.pick(aPool('a.com', []), pickContext())).to.equal(undefined);
    });

    it('gives equal endpoints equal shares', () => {
      const counts = shares(picker, [a, b, c]);
      for (const endpoint of [a, b, c]) expect(counts[endpoint.address]).to.be.within(150, 250);
    });

    it('passes over an endpoint at its limit, and has none when all are', () => {
      const states = new EndpointStates(() => 0);
      states.begin(a);
      expect(shares(picker, [a, b], { states, maxConns: 1 })).to.deep.equal({ [b.address]: 600 });
      states.begin(b);
      expect(shares(picker, [a, b], { states, maxConns: 1 }, 1)).to.deep.equal({ none: 1 });
      expect(shares(picker, [a], { states, maxConns: 1 }, 1)).to.deep.equal({ none: 1 });
    });

    it('tries another endpoint on a retry, and one again only when there is no other', () => {
      const tried = new Set([a.address, c.address]);
      expect(shares(picker, [a, b, c], { attempt: 3, tried })).to.deep.equal({ [b.address]: 600 });
      expect(shares(picker, [a], { attempt: 2, tried: new Set([a.address]) }, 1)).to.deep.equal({
        [a.address]: 1,
      });
    });

    it('prefers the local zone on the first attempt, while something there can be used', () => {
      const near = anEndpoint({ port: 4, host: 'h', availabilityZone: 'z1' });
      const far = anEndpoint({ port: 5, host: 'h', availabilityZone: 'z2' });
      const states = new EndpointStates(() => 0);
      const zoned = { localZone: 'z1', states, maxConns: 1 };
      expect(shares(picker, [far, near], zoned)).to.deep.equal({ [near.address]: 600 });
      expect(Object.keys(shares(picker, [far, near], { ...zoned, attempt: 2 }))).to.have.length(2);
      states.begin(near);
      expect(shares(picker, [far, near], zoned)).to.deep.equal({ [far.address]: 600 });
    });

    it('uses an instance that was replaced by a newer one last', () => {
      const older = anEndpoint({ port: 6, host: 'h', instanceId: 'old', updatedAtNs: '999' });
      const newer = anEndpoint({ port: 7, host: 'h', instanceId: 'new', updatedAtNs: '1000' });
      expect(shares(picker, [older, newer])).to.deep.equal({ [newer.address]: 600 });
      const tried = new Set([newer.address]);
      expect(shares(picker, [older, newer], { attempt: 2, tried }, 1)).to.deep.equal({ [older.address]: 1 });
    });
  });
}

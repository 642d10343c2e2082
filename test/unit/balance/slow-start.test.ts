import { expect } from 'chai';
import { chooseEndpoint } from '../../../lib/balance/choose-endpoint.ts';
import { fnv1a } from '../../../lib/balance/fnv1a.ts';
import { leastConnection } from '../../../lib/balance/least-connection.ts';
import type { PickContext } from '../../../lib/balance/picker.ts';
import { weightOf } from '../../../lib/balance/slow-start.ts';
import { EndpointStates } from '../../../lib/health/endpoint-states.ts';
import { type Endpoint, NO_OPTIONS } from '../../../lib/routes/endpoint.ts';
import type { Algorithm, Pool } from '../../../lib/routes/pool.ts';
import { pickContext } from '../../support/describe-picker.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';
import { seededRandom } from '../../support/random.ts';

const WINDOW = 60_000;
const ROUNDS = 6_000;

describe('weightOf', () => {
  for (const [elapsed, weight] of [
    [-5, 0.1],
    [0, 0.1],
    [WINDOW / 2, 0.55],
    [WINDOW, 1],
    [10 * WINDOW, 1],
  ] as const) {
    it(`is ${weight} after ${elapsed} of ${WINDOW} ms`, () => {
      expect(weightOf({ sinceMs: 1_000, windowMs: WINDOW }, 1_000 + elapsed)).to.be.closeTo(weight, 1e-9);
    });
  }
});

describe('slow start', () => {
  const [a, b, fresh] = ['a', 'b', 'fresh'].map((host) =>
    anEndpoint({ host, instanceId: `inst-${host}`, options: { ...NO_OPTIONS, loadbalancing: 'hash' } }),
  ) as [Endpoint, Endpoint, Endpoint];

  function poolOf(algorithm: Algorithm, endpoints: readonly Endpoint[] = [a, b, fresh]): Pool {
    return aPool('a.com', endpoints, { algorithm, hashHeader: algorithm === 'hash' ? 'x' : '' });
  }

  function statesWith(pool: Pool, ...newcomers: Endpoint[]): EndpointStates {
    const states = new EndpointStates(() => 0);
    for (const { address } of newcomers) states.arrived(pool.key, address, { sinceMs: 0, windowMs: WINDOW });
    return states;
  }

  /** How much each host gets, of requests that end at once; each brings a value of its own to hash. */
  function sharesAt(pool: Pool, states: EndpointStates, nowMs: number, fields: Partial<PickContext> = {}) {
    const counts: Record<string, number> = {};
    const random = seededRandom(7);
    for (let i = 0; i < ROUNDS; i += 1) {
      const hash =
        pool.settings.algorithm === 'hash'
          ? {
              hash: fnv1a(`value-${i}`),
              fallback: leastConnection,
              host: '',
              note: () => {},
              slot: undefined,
            }
          : undefined;
      const context = { ...pickContext({ states, nowMs, random, hash, ...fields }), stickyId: undefined };
      const host = chooseEndpoint(pool, context)?.host ?? 'none';
      counts[host] = (counts[host] ?? 0) + 1;
    }
    return (host: string): number => (counts[host] ?? 0) / ROUNDS;
  }

  for (const algorithm of ['round-robin', 'least-connection'] as const) {
    describe(`with ${algorithm}`, () => {
      for (const [nowMs, weight] of [
        [0, 0.1],
        [WINDOW / 2, 0.55],
        [WINDOW - 1, 1],
        [WINDOW, 1],
      ] as const) {
        it(`gives a newcomer ${weight} of what each other gets after ${nowMs} ms, and the others the same`, () => {
          const pool = poolOf(algorithm);
          const share = sharesAt(pool, statesWith(pool, fresh), nowMs);
          expect(share('fresh')).to.be.closeTo(weight / (2 + weight), 0.025);
          expect(share('a')).to.be.closeTo(1 / (2 + weight), 0.025);
          expect(share('b')).to.be.closeTo(1 / (2 + weight), 0.025);
        });
      }

      it('gives newcomers even shares when all are new, and one that is alone everything', () => {
        const pool = poolOf(algorithm);
        const share = sharesAt(pool, statesWith(pool, a, b, fresh), 0);
        for (const host of ['a', 'b', 'fresh']) expect(share(host)).to.be.closeTo(1 / 3, 0.025);
        const alone = poolOf(algorithm, [fresh]);
        expect(sharesAt(alone, statesWith(alone, fresh), 0)('fresh')).to.equal(1);
      });

      it('uses a newcomer before one at its limit, one that failed this request, or one that was replaced', () => {
        const pool = poolOf(algorithm, [a, fresh]);
        const states = statesWith(pool, fresh);
        states.begin(a);
        expect(sharesAt(pool, states, 0, { maxConns: 1 })('fresh')).to.equal(1);
        const tried = { attempt: 2, tried: new Set([a.address]) };
        expect(sharesAt(pool, statesWith(pool, fresh), 0, tried)('fresh')).to.equal(1);
        const old = { ...a, updatedAtNs: '1' };
        const replaced = poolOf(algorithm, [old, { ...fresh, updatedAtNs: '2' }]);
        expect(sharesAt(replaced, statesWith(replaced, fresh), 0)('fresh')).to.equal(1);
      });

      it('does not send more to a newcomer for being the only one of its zone', () => {
        const zoned = [a, { ...fresh, availabilityZone: 'z1' }];
        const pool = poolOf(algorithm, zoned);
        // Alone where it counts, it is full there.
        expect(sharesAt(pool, statesWith(pool, fresh), 0, { localZone: 'z1' })('fresh')).to.equal(1);
        const local = poolOf(algorithm, [{ ...a, availabilityZone: 'z1' }, b, zoned[1]!]);
        const share = sharesAt(local, statesWith(local, fresh), 0, { localZone: 'z1' });
        expect(share('fresh')).to.be.closeTo(0.1 / 1.1, 0.025);
        expect(share('b')).to.equal(0);
      });
    });
  }

  it('passes a newcomer by that has more to do than all others, by least-connection', () => {
    const pool = poolOf('least-connection');
    const states = statesWith(pool, fresh);
    states.begin(fresh);
    expect(sharesAt(pool, states, WINDOW - 1)('fresh')).to.equal(0);
  });

  describe('with hash', () => {
    it('leads more and more of its values to a newcomer, each moving once', () => {
      const pool = poolOf('hash');
      const states = statesWith(pool, fresh);
      const full = sharesAt(pool, states, WINDOW)('fresh');
      expect(full).to.be.closeTo(1 / 3, 0.03);
      expect(sharesAt(pool, states, WINDOW / 2)('fresh')).to.be.closeTo(full * 0.55, 0.03);
      const first = statesWith(pool, fresh);
      expect(sharesAt(pool, first, 0)('fresh')).to.be.closeTo(full * 0.1, 0.02);
      let before = '';
      for (let i = 0; i < 300; i += 1) {
        const hosts = [0, 0.25, 0.5, 0.75, 1].map((part) => {
          const walk = {
            hash: fnv1a(`v${i}`),
            fallback: leastConnection,
            host: '',
            note: () => {},
            slot: undefined,
          };
          const context = pickContext({
            states: statesWith(pool, fresh),
            nowMs: part * WINDOW,
            hash: walk,
          });
          return chooseEndpoint(pool, { ...context, stickyId: undefined })?.host;
        });
        before = hosts.join(' ');
        expect(before).to.match(/^(?:a ?)*(?:fresh ?)*$|^(?:b ?)*(?:fresh ?)*$/);
      }
    });

    it('counts from the one that came first while all are new', () => {
      const pool = poolOf('hash');
      const share = sharesAt(pool, statesWith(pool, a, b, fresh), 0);
      for (const host of ['a', 'b', 'fresh']) expect(share(host)).to.be.closeTo(1 / 3, 0.03);
    });
  });

  it('leads a sticky session to a newcomer', () => {
    const pool = poolOf('round-robin');
    const context = pickContext({ states: statesWith(pool, fresh), nowMs: 0 });
    for (let i = 0; i < 20; i += 1) {
      expect(chooseEndpoint(pool, { ...context, stickyId: 'inst-fresh' })).to.equal(fresh);
    }
  });

  it('leaves the rotation of other pools as it is', () => {
    const pool = poolOf('round-robin');
    const other = { ...pool, key: 'b.com' };
    const states = statesWith(pool, fresh);
    let hosts = '';
    for (let i = 0; i < 6; i += 1) {
      hosts += chooseEndpoint(other, { ...pickContext({ states }), stickyId: undefined })?.host;
    }
    expect(hosts).to.equal('abfreshabfresh');
  });
});

import { expect } from 'chai';
import { fnv1a } from '../../../lib/balance/fnv1a.ts';
import { hashBased } from '../../../lib/balance/hash-based.ts';
import { hashTableOf } from '../../../lib/balance/hash-table.ts';
import type { HashWalk } from '../../../lib/balance/hash-walk.ts';
import { leastConnection } from '../../../lib/balance/least-connection.ts';
import type { PickContext } from '../../../lib/balance/picker.ts';
import { EndpointStates } from '../../../lib/health/endpoint-states.ts';
import { type Endpoint, NO_OPTIONS } from '../../../lib/routes/endpoint.ts';
import type { Pool, PoolSettings } from '../../../lib/routes/pool.ts';
import { pickContext } from '../../support/describe-picker.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';
import { seededRandom } from '../../support/random.ts';

const HASHED = { ...NO_OPTIONS, loadbalancing: 'hash', hashHeader: 'x-tenant' };

function instance(name: string, fields: Partial<Endpoint> = {}): Endpoint {
  return anEndpoint({ host: name, instanceId: `inst-${name}`, options: HASHED, ...fields });
}

function hashed(endpoints: readonly Endpoint[], settings: Partial<PoolSettings> = {}): Pool {
  return aPool('h.com/p', endpoints, { algorithm: 'hash', hashHeader: 'x-tenant', ...settings });
}

interface Noted {
  readonly level: string;
  readonly message: string;
  readonly data: unknown;
}

function walkFor(value: string | undefined, notes: Noted[] = []): HashWalk {
  return {
    hash: value === undefined ? undefined : fnv1a(value),
    fallback: leastConnection,
    host: 'h.com',
    note: (level, message, data) => notes.push({ level, message, data }),
    slot: undefined,
  };
}

/** Hosts of one request's attempts, each after the first because the one before failed. */
function attempts(pool: Pool, value: string, count: number, fields: Partial<PickContext> = {}): string {
  const hash = walkFor(value);
  const tried = new Set<string>();
  let hosts = '';
  for (let attempt = 1; attempt <= count; attempt += 1) {
    const found = hashBased.pick(pool, pickContext({ attempt, tried, hash, ...fields }));
    hosts += found?.host ?? '-';
    if (found === undefined) break;
    tried.delete(found.address); // the one tried last stands last
    tried.add(found.address);
  }
  return hosts;
}

describe('hashBased', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => instance(name)) as [Endpoint, Endpoint, Endpoint];
  const pool = hashed([a, b, c]);

  for (const [value, first] of [
    ['tenant-1', 'c'],
    ['tenant-3', 'a'],
    ['alice', 'a'],
    ['bob', 'b'],
  ] as const) {
    it(`leads ${value} to ${first}, in whatever order instances registered, marked or far away`, () => {
      const states = new EndpointStates(() => 0);
      for (const endpoint of pool.endpoints) states.mark(pool.key, endpoint.address, 1_000);
      const random = seededRandom(5);
      for (let i = 0; i < 20; i += 1) {
        const shuffled = hashed([a, b, c].sort(() => random() - 0.5));
        const context = pickContext({ states, localZone: 'elsewhere', hash: walkFor(value) });
        expect(hashBased.pick(shuffled, context)?.host).to.equal(first);
      }
    });
  }

  it('goes on to the instance that follows in the table when one is at its limit, and says so', () => {
    const states = new EndpointStates(() => 0);
    const notes: Noted[] = [];
    states.begin(c);
    const context = pickContext({ states, maxConns: 1 });
    expect(hashBased.pick(pool, { ...context, hash: walkFor('tenant-1', notes) })).to.equal(b);
    states.begin(b);
    expect(hashBased.pick(pool, { ...context, hash: walkFor('tenant-1') })).to.equal(a);
    states.begin(a);
    expect(hashBased.pick(pool, { ...context, hash: walkFor('tenant-1', notes) })).to.equal(undefined);
    const overloaded = (id: string) => ({
      level: 'info',
      message: 'hash-based-routing-endpoint-overloaded',
      data: { host: 'h.com', 'endpoint-id': id },
    });
    expect(notes).to.deep.equal([
      overloaded('inst-c'),
      overloaded('inst-c'),
      overloaded('inst-b'),
      overloaded('inst-a'),
      {
        level: 'error',
        message: 'hash-based-routing-failed',
        data: { host: 'h.com', error: 'all endpoints are overloaded' },
      },
    ]);
  });

  it('passes on what would go beyond the average by more than the factor', () => {
    const balanced = hashed([a, b, c], { hashBalance: 1.2 });
    const states = new EndpointStates(() => 0);
    const notes: Noted[] = [];
    const pick = () => hashBased.pick(balanced, pickContext({ states, hash: walkFor('alice', notes) }));
    // Nothing is on its way: the average is 0, and nobody is above it.
    expect(pick()).to.equal(a);
    states.begin(a);
    // 1 against an average of 1/3.
    expect(pick()).to.equal(c);
    expect(notes).to.deep.equal([
      {
        level: 'debug',
        message: 'hash-based-routing-endpoint-imbalanced',
        data: { host: 'h.com', 'endpoint-id': 'inst-a', 'endpoint-connections': 1, 'average-load': 1 / 3 },
      },
    ]);
    states.begin(b);
    states.begin(c);
    // 1 against 1: not above 1.2.
    expect(pick()).to.equal(a);
    expect(hashBased.pick(pool, pickContext({ states, hash: walkFor('alice') }))).to.equal(a);
  });

  it('takes the least loaded when a factor below 1 leaves none', () => {
    const states = new EndpointStates(() => 0);
    for (const endpoint of [a, a, b, c, c]) states.begin(endpoint);
    const strict = hashed([a, b, c], { hashBalance: 0.1 });
    expect(hashBased.pick(strict, pickContext({ states, hash: walkFor('alice') }))).to.equal(b);
    states.begin(b);
    // Of equals the one that the table names first.
    expect(hashBased.pick(strict, pickContext({ states, hash: walkFor('alice') }))).to.equal(a);
  });

  it('begins a retry one slot on, and passes by the instance that just failed', () => {
    expect(attempts(hashed([a, b]), 'alice', 2)).to.equal('ab');
    expect(attempts(pool, 'tenant-1', 2)).to.match(/^c[ab]$/);
    const long = attempts(pool, 'tenant-1', 30);
    expect(long)
      .to.have.length(30)
      .and.to.match(/^[abc]+$/);
    expect(long, 'never one twice in a row').to.not.match(/aa|bb|cc/);
  });

  it('ends when the instance that just failed is the only one left', () => {
    const states = new EndpointStates(() => 0);
    states.begin(b);
    expect(attempts(hashed([a, b]), 'alice', 2, { states, maxConns: 1 })).to.equal('a-');
  });

  it('needs no table for one endpoint', () => {
    const states = new EndpointStates(() => 0);
    const notes: Noted[] = [];
    const one = hashed([a]);
    const context = pickContext({ states, maxConns: 1, hash: walkFor('x', notes) });
    expect(hashBased.pick(one, context)).to.equal(a);
    expect(attempts(one, 'x', 2)).to.equal('aa');
    states.begin(a);
    expect(hashBased.pick(one, context)).to.equal(undefined);
    expect(notes.map(({ message }) => message)).to.deep.equal([
      'hash-based-routing-endpoint-overloaded',
      'hash-based-routing-failed',
    ]);
  });

  it('says that a pool is empty', () => {
    const notes: Noted[] = [];
    expect(hashBased.pick(hashed([]), pickContext({ hash: walkFor('x', notes) }))).to.equal(undefined);
    expect(notes).to.deep.equal([
      { level: 'warn', message: 'hash-based-routing-pool-empty', data: { host: 'h.com' } },
    ]);
  });

  it("uses the router's own algorithm, zone included, for a request without a value", () => {
    const near = instance('n', { availabilityZone: 'z1' });
    const states = new EndpointStates(() => 0);
    const context = pickContext({ states, localZone: 'z1', hash: walkFor(undefined) });
    for (let i = 0; i < 6; i += 1) expect(hashBased.pick(hashed([a, near, b]), context)).to.equal(near);
    states.begin(a);
    states.begin(c);
    for (let i = 0; i < 6; i += 1) {
      const picked = hashBased.pick(pool, { ...context, localZone: undefined });
      expect(picked, 'least-connection').to.equal(b);
    }
  });

  it('has members whose own message asks for it, while there are any', () => {
    const late = instance('late', { options: NO_OPTIONS });
    const unreadable = instance('odd', { options: { ...NO_OPTIONS, loadbalancing: 'hush' } });
    const members = (endpoints: readonly Endpoint[]) =>
      hashTableOf(hashed(endpoints)).owners.map((owners) => owners.map(({ host }) => host).join('+'));
    expect(members([a, late, unreadable])).to.deep.equal(['a', 'odd']);
    expect(members([late])).to.deep.equal(['late']);
    const other = instance('rr', { options: { ...NO_OPTIONS, loadbalancing: 'round-robin' } });
    expect(members([a, other])).to.deep.equal(['a']);
  });

  it('forgets the id that an endpoint had before', () => {
    const renamed = hashed([{ ...a, instanceId: 'inst-new' }, b]);
    expect(hashTableOf(renamed).owners.map(([owner]) => owner?.instanceId)).to.deep.equal([
      'inst-b',
      'inst-new',
    ]);
  });

  it('gives an id to the last that registered it, and shares slots without id among all', () => {
    const twin = instance('twin', { instanceId: 'inst-a' });
    expect(hashTableOf(hashed([a, twin])).owners).to.deep.equal([[twin]]);
    const nameless = ['x', 'y'].map((name) => instance(name, { instanceId: '' }));
    const states = new EndpointStates(() => 0);
    states.begin(nameless[0]!);
    const context = pickContext({ states, hash: walkFor('alice') });
    expect(hashBased.pick(hashed(nameless), context)).to.equal(nameless[1]);
    expect(attempts(hashed(nameless), 'alice', 2)).to.match(/^(xy|yx)$/);
  });

  it('uses an instance that was replaced by a newer one last', () => {
    const older = instance('a', { updatedAtNs: '999' });
    const newer = instance('b', { updatedAtNs: '1000' });
    const both = hashed([older, newer]);
    for (const value of ['tenant-3', 'alice', 'bob']) {
      expect(hashBased.pick(both, pickContext({ hash: walkFor(value) })), value).to.equal(newer);
      expect(attempts(both, value, 2)).to.equal('ba');
    }
  });

  it('keeps the table of a throw-away pool for the next request that asks for the same instances', () => {
    const throwAway = (...endpoints: Endpoint[]): Pool => ({ ...hashed(endpoints), key: '' });
    const table = hashTableOf(throwAway(a, b));
    expect(hashTableOf(throwAway(a, b))).to.equal(table);
    expect(hashTableOf(throwAway(a, c)).owners).to.deep.equal([[a], [c]]);
    expect(hashTableOf(throwAway(a)).owners).to.deep.equal([[a]]);
  });

  it('keeps a table while the endpoints stay, whatever else changes', () => {
    const { endpoints } = pool;
    expect(hashTableOf(hashed(endpoints, { hashBalance: 2 }))).to.equal(hashTableOf(hashed(endpoints)));
  });
});

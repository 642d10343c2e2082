import { expect } from 'chai';
import { Registry } from '../../../lib/primary/registry.ts';
import type { Endpoint } from '../../../lib/routes/endpoint.ts';
import type { ModificationTag } from '../../../lib/routes/modification-tag.ts';
import { aRegistration } from '../../support/endpoint-fixture.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

const NOW = 1_800_000_000_000;

function aRegistry(segments?: readonly string[]): Registry {
  return new Registry({
    options: {
      defaultAlgorithm: 'round-robin',
      markMs: 30_000,
      sharding: { mode: segments === undefined ? 'all' : 'segments', segments: new Set(segments) },
      keepEmptyPools: false,
      emptyPoolTimeoutMs: 0,
    },
    logger: recordingLogger(),
    onChange: () => {},
    onStoredChange: () => {},
  });
}

describe('the counters of the registry', () => {
  it('count URIs by the component of their endpoint', () => {
    const registry = aRegistry();
    const api: Partial<Endpoint> = { tags: { component: 'api' } };
    registry.register(aRegistration(['a.com', 'b.com'], api), NOW);
    registry.register(aRegistration(['a.com', 'b.com'], api), NOW);
    registry.register(aRegistration(['a.com'], { ...api, appId: 'other' }), NOW);
    registry.register(aRegistration(['c.com']), NOW);
    registry.unregister(aRegistration(['b.com', 'unknown.com'], api), NOW);
    expect(Object.fromEntries(registry.counters.messages)).to.deep.equal({
      api: { added: 2, updated: 1, refreshed: 2, unmodified: 0, unregister: 2 },
      '': { added: 1, updated: 0, refreshed: 0, unmodified: 0, unregister: 0 },
    });
  });

  it('leave out messages for other segments', () => {
    const registry = aRegistry(['one']);
    const other = aRegistration(['a.com'], { isolationSegment: 'two' });
    registry.register(other, NOW);
    registry.unregister(other, NOW);
    expect(registry.counters.messages.size).to.equal(0);
  });

  it('count route keys that messages made and removed, not those that age removed', () => {
    const registry = aRegistry();
    registry.register(aRegistration(['a.com', 'b.com'], { port: 1 }), NOW);
    registry.register(aRegistration(['a.com'], { port: 2 }), NOW);
    registry.unregister(aRegistration(['a.com'], { port: 1 }), NOW);
    registry.unregister(aRegistration(['a.com'], { port: 2 }), NOW);
    registry.prune(NOW + 1_000_000);
    expect(registry.routeCount).to.equal(0);
    expect(registry.counters).to.include({ routesRegistered: 2, routesUnregistered: 1, pruned: 1 });
  });

  it('tell how long the endpoint that was added last was on its way, if it says so', () => {
    const registry = aRegistry();
    const madeMs = NOW - 1500;
    registry.register(aRegistration(['a.com'], { port: 1, updatedAtNs: `${madeMs}000000` }), NOW);
    registry.register(aRegistration(['a.com'], { port: 2 }), NOW);
    registry.register(aRegistration(['a.com'], { port: 1, updatedAtNs: `${NOW}000000` }), NOW);
    expect(registry.counters.registrationLatencyMs).to.be.closeTo(1500, 1);
  });
});

describe('modification tags', () => {
  const at = (index: number, guid = 'g'): ModificationTag => ({ guid, index });
  const tagged = (tag: ModificationTag | undefined, fields: Partial<Endpoint>) => ({
    ...aRegistration(['a.com'], fields),
    ...(tag === undefined ? {} : { modificationTag: tag }),
  });

  const REGISTERS: readonly (readonly [
    string,
    ModificationTag | undefined,
    ModificationTag | undefined,
    boolean,
  ])[] = [
    ['later', at(1), at(2), true],
    ['the same', at(1), at(1), false],
    ['earlier', at(2), at(1), false],
    ['of another guid', at(2), at(1, 'h'), true],
    ['absent in the message', at(2), undefined, true],
    ['absent before', undefined, at(1), true],
  ];
  for (const [name, known, next, applied] of REGISTERS) {
    it(`${name}: changed content is ${applied ? 'taken' : 'ignored'}`, () => {
      const registry = aRegistry();
      registry.register(tagged(known, { appId: 'old' }), NOW);
      registry.register(tagged(next, { appId: 'new' }), NOW);
      expect(registry.get('a.com')?.records[0]?.endpoint.appId).to.equal(applied ? 'new' : 'old');
      const counts = registry.counters.messages.get('');
      expect(counts).to.include(applied ? { updated: 1, unmodified: 0 } : { updated: 0, unmodified: 1 });
    });
  }

  for (const [name, next, applied] of [
    ['the same', at(5), true],
    ['later', at(6), true],
    ['earlier', at(4), false],
    ['of another guid', at(1, 'h'), true],
    ['absent', undefined, true],
  ] as const) {
    it(`${name}: an unregister message is ${applied ? 'obeyed' : 'ignored'}`, () => {
      const registry = aRegistry();
      registry.register(tagged(at(5), {}), NOW);
      registry.unregister(tagged(next, {}), NOW);
      expect(registry.endpointCount).to.equal(applied ? 0 : 1);
    });
  }

  it('of a message that says nothing new is remembered, if it is later', () => {
    const registry = aRegistry();
    registry.register(tagged(at(1), {}), NOW);
    registry.register(tagged(at(7), {}), NOW);
    registry.register(tagged(at(3), {}), NOW);
    registry.register(tagged(at(6), { appId: 'new' }), NOW);
    expect(registry.get('a.com')?.records[0]?.endpoint.appId).to.equal('app-guid');
    expect(registry.counters.messages.get('')).to.include({ refreshed: 2, unmodified: 1 });
  });
});

describe('keepAlive', () => {
  it('moves the deadline of what is there, and makes nothing that is not', () => {
    const registry = aRegistry();
    registry.register(aRegistration(['a.com'], { port: 1 }), NOW);
    registry.register(aRegistration(['a.com'], { port: 2 }), NOW);
    registry.keepAlive(aRegistration(['a.com', 'b.com'], { port: 1 }), NOW + 100_000);
    registry.keepAlive(aRegistration(['a.com'], { port: 3 }), NOW + 100_000);
    registry.prune(NOW + 121_000);
    expect([...registry.keys()]).to.deep.equal(['a.com']);
    expect(registry.get('a.com')?.records.map(({ endpoint }) => endpoint.port)).to.deep.equal([1]);
  });
});

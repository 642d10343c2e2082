import { expect } from 'chai';
import { Registry, type RegistryOptions } from '../../../lib/primary/registry.ts';
import type { Change } from '../../../lib/routes/change.ts';
import { NO_OPTIONS } from '../../../lib/routes/endpoint.ts';
import { anEndpoint, aRegistration } from '../../support/endpoint-fixture.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

const NOW = 1_800_000_000_000;
const STALE = 120_000;

function aRegistry(options: Partial<RegistryOptions> = {}) {
  const changes: Change[] = [];
  const stored: string[] = [];
  const logger = recordingLogger();
  const registry = new Registry({
    options: {
      defaultAlgorithm: 'round-robin',
      markMs: 30_000,
      sharding: { mode: 'all', segments: new Set() },
      keepEmptyPools: false,
      emptyPoolTimeoutMs: 0,
      ...options,
    },
    logger,
    onChange: (change) => changes.push(change),
    onStoredChange: (key, address) => stored.push(`${key} ${address}`),
  });
  const ops = (): string[] => changes.splice(0).map((change) => `${change.op} ${change.key}`);
  const addresses = (key: string): string[] =>
    registry.get(key)?.records.map((record) => record.endpoint.address) ?? [];
  const messages = (): string[] => logger.lines.splice(0).map((line) => line.message);
  return { registry, changes, stored, logger, ops, addresses, messages };
}

describe('Registry', () => {
  describe('register', () => {
    it('creates a pool for each route of a message, with one shared endpoint', () => {
      const { registry, ops } = aRegistry();
      registry.register(aRegistration(['App.example.com/V1/', '*.example.com']), NOW);
      expect(ops()).to.deep.equal([
        'pool app.example.com/v1',
        'put app.example.com/v1',
        'pool *.example.com',
        'put *.example.com',
      ]);
      const [one, other] = [registry.get('app.example.com/v1'), registry.get('*.example.com')];
      expect(one?.records[0]?.endpoint).to.equal(other?.records[0]?.endpoint);
      expect(one?.settings.contextPath).to.equal('/V1');
      expect(other?.settings.contextPath).to.equal('/');
      expect([registry.routeCount, registry.endpointCount, registry.distinctAddresses()]).to.deep.equal([
        2, 2, 1,
      ]);
    });

    it('only moves a deadline when a message says nothing new', () => {
      const { registry, ops, stored, messages } = aRegistry();
      registry.register(aRegistration(['a.com'], { tags: { component: 'x' } }), NOW);
      ops();
      messages();
      stored.length = 0;
      const checksum = registry.checksum;
      registry.register(aRegistration(['a.com'], { tags: { component: 'x' } }), NOW + 20_000);
      expect([ops(), stored, messages(), registry.checksum]).to.deep.equal([[], [], [], checksum]);
      registry.prune(NOW + 20_000 + STALE);
      expect(registry.routeCount).to.equal(1);
    });

    for (const [field, value] of [
      ['appId', 'other'],
      ['instanceId', 'other'],
      ['availabilityZone', 'z2'],
      ['tags', { component: 'other' }],
      ['updatedAtNs', '5'],
      ['serverCertDomainSan', 'other'],
      ['options', { ...NO_OPTIONS, loadbalancing: 'least-connection' }],
    ] as const) {
      it(`replaces the endpoint in place when ${field} differs`, () => {
        const { registry, ops, addresses } = aRegistry();
        registry.register(aRegistration(['a.com'], { port: 1 }), NOW);
        registry.register(aRegistration(['a.com'], { port: 2 }), NOW);
        ops();
        registry.register(aRegistration(['a.com'], { port: 1, [field]: value }), NOW);
        expect(ops()[0]).to.equal('put a.com');
        expect(addresses('a.com')).to.deep.equal(['10.0.0.1:1', '10.0.0.1:2']);
        expect(registry.get('a.com')?.records[0]?.endpoint[field]).to.deep.equal(value);
      });
    }

    it('keeps a failure mark when the endpoint is replaced or refreshed', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com']), NOW);
      registry.endpointFailed('a.com', '10.0.0.1:8080', 'mark', 'refused', NOW);
      registry.register(aRegistration(['a.com'], { appId: 'other' }), NOW + 1);
      registry.register(aRegistration(['a.com'], { appId: 'other' }), NOW + 2);
      expect(registry.get('a.com')?.records[0]?.markedUntilMs).to.equal(NOW + 30_000);
    });

    it('finds endpoints in a large pool as in a small one', () => {
      const { registry, addresses } = aRegistry();
      for (let port = 1; port <= 100; port += 1) registry.register(aRegistration(['a.com'], { port }), NOW);
      for (let port = 1; port <= 100; port += 1) registry.register(aRegistration(['a.com'], { port }), NOW);
      expect(registry.endpointCount).to.equal(100);
      for (let port = 2; port <= 100; port += 1) registry.unregister(aRegistration(['a.com'], { port }), NOW);
      expect(addresses('a.com')).to.deep.equal(['10.0.0.1:1']);
    });
  });

  describe('what a pool takes over from the endpoint that registered last', () => {
    const withAlgorithm = (loadbalancing: string) => ({ options: { ...NO_OPTIONS, loadbalancing } });

    it('takes its algorithm, and the default again when the option goes', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com'], withAlgorithm('least-connection')), NOW);
      expect(registry.get('a.com')?.settings.algorithm).to.equal('least-connection');
      registry.register(aRegistration(['a.com']), NOW);
      expect(registry.get('a.com')?.settings.algorithm).to.equal('round-robin');
    });

    it('keeps the algorithm when the option is invalid, and says so once', () => {
      const { registry, messages } = aRegistry();
      registry.register(aRegistration(['a.com'], withAlgorithm('least-connection')), NOW);
      messages();
      for (let i = 0; i < 3; i += 1) {
        registry.register(aRegistration(['a.com'], { port: 9, ...withAlgorithm('fastest') }), NOW);
      }
      expect(registry.get('a.com')?.settings.algorithm).to.equal('least-connection');
      expect(messages().filter((message) => message.startsWith('invalid-endpoint'))).to.have.length(1);
    });

    it('takes its route service, also an empty one', () => {
      const { registry, ops } = aRegistry();
      registry.register(aRegistration(['a.com'], { port: 1, routeServiceUrl: 'https://rs' }), NOW);
      registry.register(aRegistration(['a.com'], { port: 2 }), NOW);
      expect(registry.get('a.com')?.settings.routeServiceUrl).to.equal('');
      ops();
      registry.register(aRegistration(['a.com'], { port: 1, routeServiceUrl: 'https://rs' }), NOW);
      expect(ops()).to.deep.equal(['pool a.com']);
    });
  });

  describe('unregister', () => {
    it('removes by address from exactly that route', () => {
      const { registry, addresses } = aRegistry();
      registry.register(aRegistration(['a.com', '*.com'], { port: 1 }), NOW);
      registry.register(aRegistration(['a.com', '*.com'], { port: 2 }), NOW);
      registry.unregister(aRegistration(['a.com/'], { port: 1, appId: 'another', tls: true }), NOW);
      expect(addresses('a.com')).to.deep.equal(['10.0.0.1:2']);
      expect(addresses('*.com')).to.deep.equal(['10.0.0.1:1', '10.0.0.1:2']);
    });

    it('drops the route with its last endpoint', () => {
      const { registry, ops, stored } = aRegistry();
      registry.register(aRegistration(['a.com']), NOW);
      ops();
      stored.length = 0;
      registry.unregister(aRegistration(['a.com']), NOW);
      expect(ops()).to.deep.equal(['remove a.com', 'drop a.com']);
      expect(stored).to.deep.equal(['a.com 10.0.0.1:8080']);
      expect([registry.routeCount, registry.endpointCount, registry.checksum]).to.deep.equal([0, 0, 0]);
    });

    it('passes over what it does not know', () => {
      const { registry, ops } = aRegistry();
      registry.unregister(aRegistration(['a.com']), NOW);
      registry.register(aRegistration(['a.com']), NOW);
      ops();
      registry.unregister(aRegistration(['a.com'], { port: 9 }), NOW);
      expect(ops()).to.deep.equal([]);
    });
  });

  describe('prune', () => {
    it('removes a plain endpoint that was silent for longer than its threshold', () => {
      const { registry, addresses, messages } = aRegistry();
      registry.register(aRegistration(['a.com'], { port: 1 }), NOW);
      registry.register(aRegistration(['a.com'], { port: 2, staleThresholdMs: 10_000 }), NOW);
      messages();
      registry.prune(NOW + 10_001);
      expect(addresses('a.com')).to.deep.equal(['10.0.0.1:1']);
      expect(messages()).to.include('pruned-route');
      registry.prune(NOW + STALE);
      expect(registry.routeCount).to.equal(1);
      registry.prune(NOW + STALE + 1);
      expect(registry.routeCount).to.equal(0);
      expect(registry.counters.pruned).to.equal(2);
    });

    it('never removes a TLS endpoint by age', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com'], { tls: true }), NOW);
      registry.prune(NOW + 100 * STALE);
      expect(registry.routeCount).to.equal(1);
    });

    it('gives every endpoint a full threshold after the bus was away', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com']), NOW);
      registry.refreshAll(NOW + 10 * STALE);
      registry.prune(NOW + 11 * STALE);
      expect(registry.routeCount).to.equal(1);
    });
  });

  describe('restore', () => {
    const restored = { key: 'a.com/p', contextPath: '/P', endpoint: anEndpoint({ tls: true }) };

    it('puts endpoints back, marked until the first message that names them', () => {
      const { registry, stored } = aRegistry();
      expect(registry.restore([restored], NOW)).to.equal(1);
      expect(stored).to.deep.equal([]);
      const pool = registry.get('a.com/p');
      expect(pool?.settings.contextPath).to.equal('/P');
      expect(pool?.records[0]?.restored).to.equal(true);
      registry.register(aRegistration(['a.com/P'], { tls: true }), NOW + 5);
      expect(pool?.records[0]?.restored).to.equal(false);
    });

    it('lets them go, TLS or not, after one threshold without a message', () => {
      const { registry } = aRegistry();
      registry.restore([restored], NOW);
      registry.prune(NOW + STALE);
      expect(registry.routeCount).to.equal(1);
      registry.prune(NOW + STALE + 1);
      expect(registry.routeCount).to.equal(0);
    });

    it('does not touch what a live message registered first', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com/p'], { tls: true, appId: 'live' }), NOW);
      expect(registry.restore([restored], NOW)).to.equal(0);
      expect(registry.get('a.com/p')?.records[0]?.endpoint.appId).to.equal('live');
    });
  });

  describe('failures reported by workers', () => {
    it('marks once while the mark is in force, and again later', () => {
      const { registry, ops } = aRegistry();
      registry.register(aRegistration(['a.com']), NOW);
      ops();
      for (const at of [0, 1, 29_999, 30_000]) {
        registry.endpointFailed('a.com', '10.0.0.1:8080', 'mark', 'refused', NOW + at);
      }
      expect(ops()).to.deep.equal(['mark a.com', 'mark a.com']);
    });

    it('removes a proven-wrong endpoint, keeping the empty pool until the next cycle', () => {
      const { registry, ops, messages } = aRegistry({ keepEmptyPools: true });
      registry.register(aRegistration(['a.com'], { tls: true }), NOW);
      ops();
      registry.endpointFailed('a.com', '10.0.0.1:8080', 'prune', 'wrong certificate', NOW);
      expect(ops()).to.deep.equal(['remove a.com']);
      expect(messages()).to.include('prune-failed-endpoint');
      registry.prune(NOW + 1);
      expect(ops()).to.deep.equal(['drop a.com']);
    });

    it('passes over endpoints that are gone', () => {
      const { registry, ops } = aRegistry();
      registry.endpointFailed('a.com', '10.0.0.1:8080', 'prune', 'x', NOW);
      expect(ops()).to.deep.equal([]);
    });
  });

  describe('emptied pools', () => {
    it('are kept for the timeout when 503 is wanted', () => {
      const { registry } = aRegistry({ keepEmptyPools: true, emptyPoolTimeoutMs: 60_000 });
      registry.register(aRegistration(['a.com']), NOW);
      registry.unregister(aRegistration(['a.com']), NOW);
      expect(registry.get('a.com')?.records).to.deep.equal([]);
      registry.prune(NOW + 60_000);
      expect(registry.routeCount).to.equal(1);
      registry.prune(NOW + 60_001);
      expect(registry.routeCount).to.equal(0);
    });
  });

  describe('isolation segments', () => {
    for (const [mode, segments, segment, accepted] of [
      ['all', [], 'x', true],
      ['segments', ['x'], 'x', true],
      ['segments', ['x'], '', false],
      ['segments', ['x'], 'y', false],
      ['shared-and-segments', ['x'], '', true],
      ['shared-and-segments', ['x'], 'x', true],
      ['shared-and-segments', ['x'], 'y', false],
    ] as const) {
      it(`${mode} [${segments}] ${accepted ? 'takes' : 'leaves no trace of'} '${segment}'`, () => {
        const { registry, messages } = aRegistry({ sharding: { mode, segments: new Set(segments) } });
        registry.register(aRegistration(['a.com'], { isolationSegment: segment }), NOW);
        expect(registry.routeCount).to.equal(accepted ? 1 : 0);
        if (!accepted) expect(messages()).to.deep.equal([]);
      });
    }
  });
});

import { expect } from 'chai';
import { Registry, type RegistryOptions } from '../../../lib/primary/registry.ts';
import { RegistryLog } from '../../../lib/primary/registry-log.ts';
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
      expect([ops(), stored, registry.checksum]).to.deep.equal([[], [], checksum]);
      expect(messages()).to.deep.equal(['endpoint-refreshed']);
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

  describe('hashed routes', () => {
    const hashed = (hashHeader: string, hashBalance = 0) => ({
      options: { ...NO_OPTIONS, loadbalancing: 'hash', hashHeader, hashBalance },
    });
    const settingsOf = (registry: Registry) => {
      const { algorithm, hashHeader, hashBalance } = registry.get('a.com')!.settings;
      return [algorithm, hashHeader, hashBalance];
    };

    it('take header and factor from an endpoint that is new or changed, not from a heartbeat', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com'], { port: 1, ...hashed('X-Old', 1.2) }), NOW);
      registry.register(aRegistration(['a.com'], { port: 2, ...hashed('X-Old', 1.2) }), NOW);
      registry.register(aRegistration(['a.com'], { port: 1, ...hashed('X-New') }), NOW);
      expect(settingsOf(registry)).to.deep.equal(['hash', 'X-New', 0]);
      registry.register(aRegistration(['a.com'], { port: 2, ...hashed('X-Old', 1.2) }), NOW + 1);
      expect(settingsOf(registry)).to.deep.equal(['hash', 'X-New', 0]);
    });

    it('forget what is hashed when the option goes, and find it again with a heartbeat', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com'], { port: 1, ...hashed('X-A', 2) }), NOW);
      registry.register(aRegistration(['a.com'], { port: 2 }), NOW);
      expect(settingsOf(registry)).to.deep.equal(['round-robin', '', 0]);
      registry.register(aRegistration(['a.com'], { port: 1, ...hashed('X-A', 2) }), NOW + 1);
      expect(settingsOf(registry)).to.deep.equal(['hash', 'X-A', 2]);
    });

    it('keep what is hashed when an endpoint comes whose option cannot be read', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com'], { port: 1, ...hashed('X-A', 2) }), NOW);
      const options = { ...NO_OPTIONS, loadbalancing: 'hush', hashHeader: 'X-B' };
      registry.register(aRegistration(['a.com'], { port: 2, options }), NOW);
      expect(settingsOf(registry)).to.deep.equal(['hash', 'X-A', 2]);
    });

    it('take header and factor that a message forgot from the next that has them', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com'], { port: 1, ...hashed('X-A') }), NOW);
      registry.register(aRegistration(['a.com'], { port: 2, ...hashed('') }), NOW);
      expect(settingsOf(registry)).to.deep.equal(['hash', '', 0]);
      registry.register(aRegistration(['a.com'], { port: 1, ...hashed('X-A') }), NOW + 1);
      expect(settingsOf(registry)).to.deep.equal(['hash', 'X-A', 0]);
    });

    it('say who comes into their table and who leaves it, each id once', () => {
      const { registry, logger } = aRegistry();
      const said = () =>
        logger.lines
          .splice(0)
          .filter(({ message }) => message.startsWith('maglev-'))
          .map(({ level, message, data }) => [level, message, ...Object.values(data)]);
      const register = (port: number, fields = {}) =>
        registry.register(
          aRegistration(['a.com'], { port, instanceId: `id-${port}`, ...hashed('X'), ...fields }),
          NOW,
        );
      registry.register(aRegistration(['a.com'], { port: 9 }), NOW);
      register(1);
      register(2);
      register(2, { appId: 'changed' });
      expect(said()).to.deep.equal([
        ['info', 'maglev-add-endpoint', 'id-1', 1],
        ['info', 'maglev-add-endpoint', 'id-2', 2],
      ]);
      register(3, { instanceId: 'id-1' });
      register(2, { instanceId: 'renamed' });
      expect(said()).to.deep.equal([
        ['debug', 'maglev-remove-endpoint', 'id-2'],
        ['info', 'maglev-add-endpoint', 'renamed', 2],
      ]);
      registry.unregister(aRegistration(['a.com'], { port: 1 }), NOW);
      registry.unregister(aRegistration(['a.com'], { port: 3 }), NOW);
      registry.prune(NOW + 2 * STALE);
      expect(said()).to.deep.equal([
        ['debug', 'maglev-remove-endpoint', 'id-1'],
        ['debug', 'maglev-remove-endpoint', 'renamed'],
      ]);
    });

    it('warn of each member that finds no place in the table', () => {
      const logger = recordingLogger();
      const log = new RegistryLog(logger);
      log.hashMembers({ joined: 'last', left: undefined, count: 3001 });
      log.hashMembers({ joined: 'beyond', left: undefined, count: 3002 });
      expect(logger.lines.map(({ level, message, data }) => [level, message, data])).to.deep.equal([
        ['info', 'maglev-add-endpoint', { 'endpoint-id': 'last', 'current-endpoints': 3001 }],
        [
          'warn',
          'maglev-add-lookuptable-capacity-exceeded',
          { 'endpoint-id': 'beyond', 'current-endpoints': 3002 },
        ],
      ]);
    });

    it('are listed as registered, with their number of endpoints, while they are hashed and not empty', () => {
      const { registry } = aRegistry({ keepEmptyPools: true, emptyPoolTimeoutMs: 1_000 });
      registry.register(aRegistration(['A.com/P/', 'b.com'], { port: 1, ...hashed('X') }), NOW);
      registry.register(aRegistration(['A.com/P/'], { port: 2, ...hashed('X') }), NOW);
      registry.register(aRegistration(['c.com'], { port: 1 }), NOW);
      expect([...registry.hashedRoutes()]).to.deep.equal([
        ['A.com/P/', 2],
        ['b.com', 1],
      ]);
      registry.unregister(aRegistration(['b.com'], { port: 1 }), NOW);
      expect([...registry.hashedRoutes()]).to.deep.equal([['A.com/P/', 2]]);
      registry.register(aRegistration(['a.com/p'], { port: 2 }), NOW);
      expect([...registry.hashedRoutes()]).to.deep.equal([]);
    });
  });

  describe('what it says', () => {
    const lines = (logger: { lines: { level: string; message: string; data: object }[] }) =>
      logger.lines
        .splice(0)
        .map(({ level, message, data }) => `${level} ${message} ${(data as { uri?: string }).uri ?? ''}`);

    it('names routes and endpoints as they were received', () => {
      const { registry, logger } = aRegistry();
      registry.register(
        aRegistration(['A.com/P/'], { port: 1, tls: true, routeServiceUrl: 'https://rs' }),
        NOW,
      );
      expect(logger.lines[0]?.data).to.deep.equal({
        uri: 'A.com/P/',
        route_service_url: 'https://rs',
        backend: '10.0.0.1:1',
        application_id: 'app-guid',
        instance_id: 'instance-1',
        server_cert_domain_san: '',
        protocol: 'http1',
        modification_tag: { guid: '', index: 0 },
        isolation_segment: '-',
        isTLS: true,
      });
      expect(Object.keys(logger.lines[0]!.data).join(' ')).to.equal(
        'uri route_service_url backend application_id instance_id server_cert_domain_san protocol modification_tag isolation_segment isTLS',
      );
      expect(lines(logger)).to.deep.equal([
        'info endpoint-registered A.com/P/',
        'info route-registered A.com/P/',
        'debug uri-added A.com/P/',
      ]);
    });

    it('tells a changed endpoint from one that is heard again', () => {
      const { registry, logger } = aRegistry();
      registry.register(aRegistration(['a.com']), NOW);
      lines(logger);
      registry.register(aRegistration(['A.com']), NOW);
      expect(lines(logger)).to.deep.equal(['debug endpoint-refreshed A.com']);
      registry.register(aRegistration(['a.com/'], { appId: 'other' }), NOW);
      expect(lines(logger)).to.deep.equal(['info endpoint-registered a.com/']);
    });

    it('tells what an unregister message came to', () => {
      const { registry, logger } = aRegistry();
      registry.unregister(aRegistration(['A.com/']), NOW);
      expect(lines(logger)).to.deep.equal([
        'debug endpoint-not-unregistered A.com/',
        'debug route-not-unregistered A.com/',
      ]);
      registry.register(aRegistration(['a.com'], { port: 1 }), NOW);
      registry.register(aRegistration(['a.com'], { port: 2 }), NOW);
      lines(logger);
      registry.unregister(aRegistration(['A.com'], { port: 3 }), NOW);
      registry.unregister(aRegistration(['A.com'], { port: 2 }), NOW);
      registry.unregister(aRegistration(['A.com'], { port: 1 }), NOW);
      expect(lines(logger)).to.deep.equal([
        'debug endpoint-not-unregistered A.com',
        'debug route-not-unregistered A.com',
        'info endpoint-unregistered A.com',
        'debug route-not-unregistered A.com',
        'info endpoint-unregistered A.com',
        'info route-unregistered A.com',
      ]);
    });

    it('tells which endpoints of a route went by age, and frames each cycle', () => {
      const { registry, logger } = aRegistry();
      registry.register(aRegistration(['a.com'], { port: 1, isolationSegment: 'seg' }), NOW);
      logger.lines.length = 0;
      registry.prune(NOW + STALE + 1);
      expect(logger.lines.map(({ level, message, data }) => ({ level, message, data }))).to.deep.equal([
        { level: 'debug', message: 'start-pruning-routes', data: {} },
        {
          level: 'info',
          message: 'pruned-route',
          data: { uri: 'a.com', endpoints: ['10.0.0.1:1'], isolation_segment: 'seg' },
        },
        { level: 'debug', message: 'finished-pruning-routes', data: {} },
      ]);
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

    it('removes an endpoint with a negative threshold at the next cycle', () => {
      const { registry } = aRegistry();
      registry.register(aRegistration(['a.com'], { staleThresholdMs: -1_000 }), NOW);
      registry.prune(NOW);
      expect(registry.routeCount).to.equal(0);
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

    it('keeps what the message was parsed into, not a second copy beside it', () => {
      const { registry, ops } = aRegistry();
      registry.restore([restored], NOW);
      ops();
      const { checksum } = registry;
      const registration = aRegistration(['a.com/P'], { tls: true });
      registry.register(registration, NOW + 5);
      expect(registry.get('a.com/p')?.records[0]?.endpoint).to.equal(registration.endpoint);
      expect([ops(), registry.checksum]).to.deep.equal([[], checksum]);
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
    it('are the same pools when they are filled again: spelling and algorithm stay', () => {
      const { registry, ops } = aRegistry({ keepEmptyPools: true, emptyPoolTimeoutMs: 60_000 });
      registry.register(aRegistration(['a.com/Ctx/']), NOW);
      registry.unregister(aRegistration(['a.com/ctx']), NOW);
      ops();
      registry.register(aRegistration(['A.COM/CTX']), NOW + 1);
      expect(ops()).to.deep.equal(['put a.com/ctx']);
      expect(registry.get('a.com/ctx')?.settings.contextPath).to.equal('/Ctx');
    });

    it('count their time from the last change', () => {
      const { registry } = aRegistry({ keepEmptyPools: true, emptyPoolTimeoutMs: 60_000 });
      registry.register(aRegistration(['a.com']), NOW);
      registry.unregister(aRegistration(['a.com']), NOW + 50_000);
      registry.prune(NOW + 110_000);
      expect(registry.routeCount).to.equal(1);
      registry.unregister(aRegistration(['a.com']), NOW + 110_001);
      expect(registry.routeCount, 'only a prune cycle collects it').to.equal(1);
      registry.prune(NOW + 110_001);
      expect(registry.routeCount).to.equal(0);
    });

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

  it('knows the time of the last register message, which others do not move', () => {
    const { registry } = aRegistry();
    expect(registry.lastUpdateMs).to.equal(0);
    registry.register(aRegistration(['a.com']), NOW);
    registry.register(aRegistration(['a.com']), NOW + 1);
    registry.unregister(aRegistration(['a.com']), NOW + 2);
    registry.prune(NOW + 3);
    expect(registry.lastUpdateMs).to.equal(NOW + 1);
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

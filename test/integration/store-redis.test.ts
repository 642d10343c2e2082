import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { storeSettings } from '../../lib/primary/settings.ts';
import { SnapshotKeeper } from '../../lib/store/keeper.ts';
import { createStore } from '../../lib/store/open-store.ts';
import { RedisStore, type RedisStoreOptions } from '../../lib/store/redis-store.ts';
import type { SnapshotStore, StoredRoute } from '../../lib/store/store.ts';
import { load } from '../support/config-text.ts';
import { byId, rejection } from '../support/describe-store.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { RedisServer, type RedisServerOptions } from '../support/redis-server.ts';
import { storedRoute, typicalRoutes } from '../support/stored-routes.ts';
import { until } from '../support/until.ts';

const MAX_AGE_MS = 60_000;
const KEY = 't:{a}:routes';

describe('redis snapshot store', () => {
  let releases: (() => Promise<void>)[];
  beforeEach(() => {
    releases = [];
  });
  afterEach(async function () {
    for (const release of releases.reverse()) await release();
    if (this.currentTest?.state === 'failed') process.stderr.write(outputs.join('\n'));
    outputs.length = 0;
  });
  const outputs: string[] = [];

  async function serve(options?: RedisServerOptions): Promise<RedisServer> {
    const server = new RedisServer(options);
    releases.push(async () => {
      outputs.push(server.output);
      await server.remove();
    });
    return server.start();
  }

  function create(url: string, options: Partial<RedisStoreOptions> = {}, now = Date.now): RedisStore {
    const all = { url, keyPrefix: 't:', routerId: 'a', timeoutMs: 1000, ...options };
    const store = new RedisStore(all, { maxAgeMs: MAX_AGE_MS, now });
    releases.push(() => store.close());
    return store;
  }

  async function open(
    url: string,
    options?: Partial<RedisStoreOptions>,
    now?: () => number,
  ): Promise<RedisStore> {
    const store = create(url, options, now);
    await store.open();
    return store;
  }

  const write = (store: SnapshotStore, put: readonly StoredRoute[], savedAtMs = Date.now()) =>
    store.write({ put, remove: [], savedAtMs });

  /** Writes and reads back, to show that a connection is good for both. */
  async function expectUsable(store: SnapshotStore): Promise<void> {
    await write(store, [storedRoute('a')]);
    expect((await store.load())?.routes).to.deep.equal([storedRoute('a')]);
  }

  describe('the connection', () => {
    it('goes over TCP, with a user, a password and a database', async () => {
      const acl = ['--user', 'me', 'on', '>p@ss/w%rd', '~t:*', '+@all'];
      const server = await serve({ tcp: true, args: acl });
      await expectUsable(
        await open(`redis://me:${encodeURIComponent('p@ss/w%rd')}@127.0.0.1:${server.port}/2`),
      );
      expect(server.cli('-n', '2', 'exists', KEY)).to.equal('1');
      expect(server.cli('exists', KEY)).to.equal('0');
    });

    it('goes over TLS, with a client certificate where that is asked for', async () => {
      const server = await serve({ tls: 'mutual' });
      const url = `rediss://127.0.0.1:${server.tlsPort}`;
      await expectUsable(await open(url, { tls: server.certificates }));

      const { ca } = server.certificates;
      expect((await rejection(create(url, { tls: { ca } }).open())).code).to.equal('STORE_UNAVAILABLE');
      const untrusted = await rejection(create(url).open());
      expect(untrusted.message)
        .to.include(url)
        .and.match(/certificate|self.signed/i);
    });

    it('goes over TLS without a client certificate where none is asked for', async () => {
      const server = await serve({ tls: 'server' });
      const { ca } = server.certificates;
      await expectUsable(await open(`rediss://localhost:${server.tlsPort}`, { tls: { ca } }));
    });

    it('goes over TLS without checking the certificate where the configuration says so', async () => {
      const server = await serve({ tls: 'server' });
      const configured = (more: string): SnapshotStore => {
        const redis = `{url: "rediss://127.0.0.1:${server.tlsPort}", key_prefix: t, router_id: a${more}}`;
        const { config } = load(`snapshot: {store: redis, redis: ${redis}}`);
        const store = createStore({ ...storeSettings(config), log: recordingLogger(), now: Date.now });
        releases.push(() => store.close());
        return store;
      };
      const trusting = configured(', skip_ssl_validation: true');
      await trusting.open();
      await expectUsable(trusting);
      expect(server.cli('exists', KEY)).to.equal('1');
      expect((await rejection(configured('').open())).message).to.match(/certificate|self.signed/i);
    });

    it('is refused with what would be right, and without the password', async () => {
      const server = await serve({ tcp: true, args: ['--requirepass', 'right'] });
      const at = `127.0.0.1:${server.port}`;
      const cases: [url: string, says: string][] = [
        [`redis://:secret-1@${at}`, 'refuses the user or password'],
        [`redis://${at}`, 'wants a password'],
        [`redis://:right@${at}/99`, 'out of range'],
        [`rediss://:secret-1@${at}`, at],
        ['unix:///nowhere/redis.sock', 'ENOENT'],
        ['redis://:secret-1@127.0.0.1:1', 'ECONNREFUSED'],
        ['redis://:secret-1@nowhere.invalid', 'nowhere.invalid'],
      ];
      for (const [url, says] of cases) {
        const error = await rejection(create(url).open());
        expect(error.code).to.equal('STORE_UNAVAILABLE');
        expect(error.message, url).to.include(says).and.not.include('secret-1');
      }
    });

    it('is given up in time when nobody answers, and in the end it leaves nothing behind', async () => {
      const mute = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
      await once(mute, 'listening');
      releases.push(async () => {
        mute.close();
        await once(mute, 'close'); // which waits for the connections to end
      });
      const address = mute.address();
      const port = typeof address === 'object' ? address?.port : 0;
      const error = await rejection(create(`redis://127.0.0.1:${port}`, { timeoutMs: 300 }).open());
      expect(error.message).to.include(`127.0.0.1:${port}`).and.include('within 300 ms');
    });

    it('refuses what cannot be meant, before it connects', () => {
      const cases: [Partial<RedisStoreOptions>, string][] = [
        [{ url: 'http://x' }, 'snapshot.redis.url'],
        [{ keyPrefix: 'a{b}' }, 'key_prefix'],
        [{ routerId: '' }, 'router id'],
        [{ tls: { ca: 'x' } }, 'rediss://'],
      ];
      for (const [options, says] of cases) {
        expect(() => create('redis://h', options))
          .to.throw(says)
          .with.property('code', 'CONFIG_INVALID');
      }
    });
  });

  describe('a server in trouble', () => {
    it('costs a quick rejection while it is away, and nothing once it is back', async () => {
      const server = await serve();
      // Longer than a test may take: a rejection that waited for it would not be seen.
      const store = await open(server.url, { timeoutMs: 60_000 });
      await write(store, [storedRoute('a')]);
      await server.stop();
      for (let i = 0; i < 50; i += 1) {
        const error = await rejection(write(store, typicalRoutes(100)));
        expect(error.code).to.equal('STORE_UNAVAILABLE');
      }
      expect((await rejection(store.open())).code).to.equal('STORE_UNAVAILABLE');
      await server.start();
      await store.open();
      expect(server.cli('dbsize'), 'nothing was queued').to.equal('0');
    });

    it('costs a rejection in time when it hangs, and no half of a batch when it wakes up', async () => {
      const server = await serve();
      const store = await open(server.url, { timeoutMs: 300 });
      await write(store, [storedRoute('a', { appId: 'before' })]);
      server.freeze();
      const error = await rejection(write(store, [storedRoute('a', { appId: 'lost?' }), storedRoute('b')]));
      expect(error.code).to.equal('STORE_UNAVAILABLE');
      expect((await rejection(write(store, [storedRoute('c')]))).message).to.include('not connected');
      server.thaw();
      await store.open();
      // It may have got the batch before it froze, or after: then both entries, otherwise neither.
      const keys = (await store.load())?.routes.map((route) => route.key + route.endpoint.appId).sort();
      expect(keys?.join()).to.be.oneOf(['abefore', 'alost?,b']);
      await write(store, [storedRoute('a', { appId: 'after' })]);
    });

    it('that lost its data is found out, so that all is written again', async () => {
      const server = await serve();
      const store = await open(server.url);
      await write(store, typicalRoutes(10));
      server.cli('flushall');
      const error = await rejection(write(store, [storedRoute('a')]));
      expect(error.code).to.equal('STORE_DAMAGED');
      expect(error.message).to.include(KEY);
      await store.clear();
      await write(store, [storedRoute('b')]);
      expect((await store.load())?.routes).to.deep.equal([storedRoute('b')]);
    });

    it('that lost its data in a restart is found out as well', async () => {
      const server = await serve();
      const store = await open(server.url);
      await write(store, typicalRoutes(10));
      await server.stop();
      await server.start();
      await rejection(write(store, []));
      await store.open();
      expect((await rejection(write(store, [storedRoute('a')]))).code).to.equal('STORE_DAMAGED');
    });

    const replies: { name: string; spoil: (server: RedisServer) => void; code: string; says: string }[] = [
      {
        name: 'is a read-only replica',
        spoil: (server) => server.cli('replicaof', '127.0.0.1', '1'),
        code: 'STORE_UNAVAILABLE',
        says: 'read-only replica',
      },
      {
        name: 'is out of memory',
        spoil: (server) => server.cli('config', 'set', 'maxmemory', '1'),
        code: 'STORE_UNAVAILABLE',
        says: 'out of memory',
      },
      {
        name: 'has taken our rights away',
        spoil: (server) => server.cli('acl', 'setuser', 'default', '-hset'),
        code: 'STORE_UNAVAILABLE',
        says: 'access list',
      },
      {
        name: 'holds something else under our key',
        spoil: (server) => server.cli('eval', `redis.call('set', KEYS[1], 'x')`, '1', KEY),
        code: 'STORE_DAMAGED',
        says: 'holds something else',
      },
    ];
    for (const { name, spoil, code, says } of replies) {
      it(`says so when it ${name}, and is not dropped for it`, async () => {
        const server = await serve();
        const store = await open(server.url);
        await write(store, [storedRoute('a')]);
        spoil(server);
        for (let attempt = 0; attempt < 2; attempt += 1) {
          const error = await rejection(write(store, [storedRoute('b')]));
          expect(error.code).to.equal(code);
          expect(error.message).to.include(says).and.include(server.socket);
        }
        expect(
          server
            .cli('client', 'list')
            .split('\n')
            .filter((line) => line.includes('name=turnout-snapshot')),
        ).to.have.length(1);
      });
    }

    it("leaves alone what is not a snapshot's, and gives it no end", async () => {
      const server = await serve();
      server.cli('set', KEY, 'precious');
      const error = await rejection(create(server.url).open());
      expect(error.code).to.equal('STORE_DAMAGED');
      expect(error.message).to.include(KEY).and.include('is a string').and.include('key_prefix');
      const store = create(server.url, { routerId: 'b' });
      await store.open();
      server.cli('set', 't:{b}:routes', 'precious');
      await rejection(write(store, [storedRoute('a')]));
      await store.clear();
      expect(server.cli('mget', KEY, 't:{b}:routes')).to.equal('precious\nprecious');
      expect(server.cli('ttl', 't:{b}:routes')).to.equal('-1');
    });

    it('of which a cluster is made says that it is', async () => {
      const args = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'];
      const server = await serve({ tcp: true, args });
      const error = await rejection(create(`redis://127.0.0.1:${server.port}`).open());
      expect(error.message).to.include('cluster');
    });

    it('is taken up again by the keeper, which loses no change over it', async () => {
      const server = await serve();
      const store = await open(server.url);
      const table = new Map<string, StoredRoute>();
      const log = recordingLogger();
      const keeper = new SnapshotKeeper({
        store,
        source: {
          find: (key) => table.get(key),
          size: () => table.size,
          sweep: (n) => [...table.values()].slice(0, n),
        },
        everyMs: 10,
        pause: (ms, signal) =>
          new Promise((resolve) => {
            const timer = setTimeout(resolve, Math.min(ms, 50));
            signal.addEventListener('abort', () => {
              clearTimeout(timer);
              resolve();
            });
          }),
        log,
        now: Date.now,
      });
      releases.push(() => keeper.stop());
      const put = (route: StoredRoute): void => {
        table.set(route.key, route);
        keeper.changed(route.key, route.endpoint.address);
      };
      keeper.start('start-over');
      for (const route of typicalRoutes(50)) put(route);
      await until(() => keeper.savedAtMs !== undefined && keeper.pending === 0, 'the first save');
      await server.stop();
      for (const route of typicalRoutes(80).slice(40)) put({ ...route, contextPath: '/New' });
      await until(() => keeper.ill, 'the store to fall ill');
      await server.start(); // empty, as it keeps nothing on disk
      await until(() => !keeper.ill && keeper.pending === 0, 'the store to recover');
      await keeper.stop();
      expect(byId((await store.load())?.routes ?? [])).to.deep.equal(byId([...table.values()]));
      const messages = log.lines.map((line) => line.message);
      expect(messages.slice(0, 2)).to.deep.equal(['snapshot-store-failing', 'snapshot-store-recovered']);
    });
  });

  describe('several routers', () => {
    it('keep apart, and a new one starts from the freshest of the others', async () => {
      const server = await serve();
      const now = Date.now();
      const a = await open(server.url, { routerId: 'a' });
      const b = await open(server.url, { routerId: 'b' });
      await write(a, [storedRoute('of-a')], now - 50_000);
      await write(b, [storedRoute('of-b')], now);
      expect((await a.load())?.routes).to.deep.equal([storedRoute('of-a')]);

      const fresh = await open(server.url, { routerId: 'new' });
      const snapshot = await fresh.load();
      expect(snapshot).to.deep.include({ origin: 'b', own: false, savedAtMs: now });
      expect(snapshot?.routes).to.deep.equal([storedRoute('of-b')]);
      await write(fresh, [storedRoute('of-new')]);
      expect(await fresh.load()).to.deep.include({ origin: 'new', own: true });
      expect((await b.load())?.routes).to.deep.equal([storedRoute('of-b')]);
    });

    it("take another's when their own is too old, empty or unfinished", async () => {
      const server = await serve();
      const now = Date.now();
      await write(await open(server.url, { routerId: 'b' }), [storedRoute('of-b')], now);
      const a = await open(server.url);
      for (const [put, savedAtMs] of [
        [[storedRoute('of-a')], now - MAX_AGE_MS - 1000],
        [[], now],
        [[storedRoute('of-a')], 0],
      ] as const) {
        await a.clear();
        await write(a, put, savedAtMs);
        expect((await a.load())?.origin).to.equal('b');
      }
    });

    it('take none that is too old, and then their own, however old, for its date to be told', async () => {
      const server = await serve();
      const old = Date.now() - MAX_AGE_MS - 1000;
      await write(await open(server.url, { routerId: 'b' }), [storedRoute('of-b')], old);
      expect(await (await open(server.url, { routerId: 'new' })).load()).to.equal(undefined);
      const a = await open(server.url);
      await write(a, [storedRoute('of-a')], old);
      expect(await a.load()).to.deep.include({ origin: 'a', savedAtMs: old });
    });

    it('pass over a peer whose key is of another type, gone, or of a newer schema', async () => {
      const server = await serve();
      const now = Date.now();
      await write(await open(server.url, { routerId: 'good' }), [storedRoute('good')], now - 5000);
      for (const id of ['typed', 'gone', 'newer', 'cleared']) {
        await write(await open(server.url, { routerId: id }), typicalRoutes(5), now);
      }
      server.cli('set', 't:{typed}:routes', 'x');
      server.cli('del', 't:{gone}:routes');
      server.cli('hset', 't:{newer}:routes', '@snapshot', JSON.stringify({ schema: 2, savedMs: now }));
      await (await open(server.url, { routerId: 'cleared' })).clear();
      expect(await (await open(server.url, { routerId: 'new' })).load()).to.deep.include({ origin: 'good' });
    });

    it("leave out a peer's damaged entries, and leave them where they are", async () => {
      const server = await serve();
      await write(await open(server.url, { routerId: 'b' }), [storedRoute('of-b')]);
      server.cli('hset', 't:{b}:routes', '3 bad x:1', 'junk');
      const snapshot = await (await open(server.url, { routerId: 'new' })).load();
      expect(snapshot?.routes).to.have.length(1);
      expect(snapshot?.damaged.join()).to.include('bad');
      expect(server.cli('hexists', 't:{b}:routes', '3 bad x:1')).to.equal('1');
    });

    it('that do not come back leave nothing behind after some time', async () => {
      const server = await serve();
      const now = Date.now();
      const a = await open(server.url, { routerId: 'a' });
      await write(a, [storedRoute('a')], now);
      const ttl = Number(server.cli('pttl', KEY));
      expect(ttl).to.be.within(3 * MAX_AGE_MS, 86_400_000);
      const later = await open(server.url, { routerId: 'b' }, () => now + ttl + 1000);
      await write(later, [storedRoute('b')], now + ttl + 1000);
      expect(server.cli('zrange', 't:routers', '0', '-1')).to.equal('b');
    });

    it('share a server with others under their own prefix', async () => {
      const server = await serve();
      await write(await open(server.url, { keyPrefix: 'one:' }), [storedRoute('one')]);
      const other = await open(server.url, { keyPrefix: 'two:', routerId: 'new' });
      expect(await other.load()).to.equal(undefined);
      expect(server.cli('keys', '*').split('\n').sort()).to.deep.equal(['one:routers', 'one:{a}:routes']);
    });
  });
});

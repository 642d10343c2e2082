import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { NoStore } from '../../lib/store/none.ts';
import { RedisStore } from '../../lib/store/redis-store.ts';
import { SqliteStore } from '../../lib/store/sqlite.ts';
import type { SnapshotStore } from '../../lib/store/store.ts';
import { describeStore } from '../support/describe-store.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { RedisServer } from '../support/redis-server.ts';
import { storedRoute } from '../support/stored-routes.ts';

describeStore('embedded', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'turnout-store-'));
  const path = join(dir, 'sub', 'snapshot.db');
  const sql = (work: (db: DatabaseSync) => void): void => {
    const db = new DatabaseSync(path);
    work(db);
    db.close();
  };
  return {
    create: () => new SqliteStore({ path, log: recordingLogger() }),
    damage: (id, text) => sql((db) => db.prepare('UPDATE route SET data = ? WHERE id = ?').run(text, id)),
    setSchema: (version) => sql((db) => db.exec(`PRAGMA user_version = ${version}`)),
    writer: ['sqlite', path],
    remove: async () => rmSync(dir, { recursive: true, force: true }),
  };
});

describe('with a redis server', () => {
  const server = new RedisServer();
  before(() => server.start());
  after(() => server.remove());
  describeStore('redis', async () => redisBench(server));
});

describe('with a redis cluster', () => {
  // One node that owns all slots enforces all that a cluster does: no command may touch two slots.
  const args = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'];
  const server = new RedisServer({ tcp: true, args });
  before(async () => {
    await server.start();
    server.cli('cluster', 'addslotsrange', '0', '16383');
    await server.until(() => server.cli('cluster', 'info').includes('cluster_state:ok'));
  });
  after(() => server.remove());
  describeStore('redis cluster', async () => redisBench(server, true));
});

function redisBench(server: RedisServer, cluster = false) {
  const key = 'test:{router}:routes';
  const url = cluster ? `redis://127.0.0.1:${server.port}` : server.url;
  return {
    create: () =>
      new RedisStore(
        { url, keyPrefix: 'test:', routerId: 'router', cluster },
        { maxAgeMs: 60_000, now: Date.now },
      ),
    damage: (id: string, text: string) => void server.cli('hset', key, id, text),
    setSchema: (version: number) => {
      const meta = JSON.parse(server.cli('hget', key, '@snapshot')) as object;
      server.cli('hset', key, '@snapshot', JSON.stringify({ ...meta, schema: version }));
    },
    writer: cluster ? ['cluster', url] : ['redis', url],
    remove: async () => void server.cli('flushall'),
  };
}

describe('snapshot store: none', () => {
  it('takes everything and keeps nothing', async () => {
    const store: SnapshotStore = new NoStore();
    await store.close();
    await store.open();
    await store.write({ put: [storedRoute('a')], remove: [], savedAtMs: Date.now() });
    expect(await store.load()).to.equal(undefined);
    await store.clear();
    await store.close();
    await store.close();
  });
});

import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const natsAt = (port: number): string => `nats: {hosts: [{hostname: 127.0.0.1, port: ${port}}]}`;

describe('a router restarting with the embedded snapshot', () => {
  const closing = closingAfterEach();

  async function start(config = '') {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(closing, `${natsAt(nats.port)}\n${config}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    const { port } = await HttpBackend.start(closing, 'good');
    const file = join(router.folder, 'snapshot.db');
    return { nats, router, emitter, port, file };
  }

  /** -1 = never. */
  const lastSavedMsAgo = async (router: RouterProcess): Promise<number> => {
    const { store } = (await router.status('/varz')) as { store: { last_saved_ms_ago: number } };
    return store.last_saved_ms_ago;
  };

  const saved = (router: RouterProcess) =>
    until(async () => (await lastSavedMsAgo(router)) >= 0, 'the first save');

  it('serves what it knew, as it knew it, before NATS is there', async () => {
    const { nats, router, emitter, port } = await start();
    const { port: other } = await HttpBackend.start(closing, 'other');
    const full = {
      uris: ['full.test/Ctx', '*.full.test'],
      port,
      app: 'app-1',
      private_instance_id: 'id-1',
      private_instance_index: '3',
      availability_zone: 'z1',
      isolation_segment: 'is1',
      tags: { component: 'x' },
      stale_threshold_in_seconds: 60,
      options: { loadbalancing: 'least-connection' },
    };
    emitter.register(full);
    emitter.register({ uris: ['full.test/Ctx'], port: other, private_instance_id: 'id-2' });
    emitter.register({ uris: ['tls.test'], port: 1, tls_port: 2, server_cert_domain_san: 'san.test' });
    emitter.register({ uris: ['gone.test'], port });
    emitter.unregister({ uris: ['gone.test'], port });
    await emitter.settled();
    const before = await router.status('/routes');
    expect(await router.stop()).to.equal(0);
    await nats.stop();

    await router.start();
    const line = router.last('snapshot-restored');
    expect(line?.data).to.include({ store: 'embedded', routes: 3, endpoints: 4, damaged: 0 });
    const after = await router.status('/routes');
    for (const endpoints of Object.values(after)) {
      for (const endpoint of endpoints) {
        expect(endpoint.restored).to.equal(true);
        delete endpoint.restored;
      }
    }
    expect(after).to.deep.equal(before);
    const cookie = 'JSESSIONID=x; __VCAP_ID__=id-2';
    expect((await get(router, 'full.test', '/ctx', { cookie })).body).to.equal('other');
    expect((await get(router, 'a.full.test')).body).to.equal('good');
    expect((await get(router, 'gone.test')).status).to.equal(404);
    // A client that is bound anew gets the path as it was first spelled.
    const stray = await get(router, 'full.test', '/ctx', { cookie: 'JSESSIONID=x; __VCAP_ID__=old' });
    expect(stray.headers['set-cookie']?.[0]).to.include('Path=/Ctx');
  });

  it('is ready at once with a snapshot, and waits as gorouter does without one', async () => {
    const { nats, router, emitter, port } = await start('start_response_delay_interval: 1500ms');
    expect(
      router.last('Sleeping before returning success on /health endpoint to preload routing table'),
    ).to.not.equal(undefined);
    emitter.register({ uris: ['app.test'], port });
    await emitter.settled();
    await router.stop();
    await nats.stop();
    await router.start();
    expect(
      router.last('Sleeping before returning success on /health endpoint to preload routing table'),
    ).to.equal(undefined);
    expect(await router.health()).to.equal(200);
    expect((await get(router, 'app.test')).body).to.equal('good');
  });

  it('lets restored endpoints go one threshold after NATS is back, TLS ones too, unless they are heard of', async () => {
    const threshold = 'droplet_stale_threshold: 3s\nprune_stale_droplets_interval: 100ms';
    const { nats, router, emitter, port } = await start(threshold);
    emitter.register({ uris: ['silent.test', 'heard.test'], port });
    emitter.register({ uris: ['tls.test', 'tls-heard.test'], port: 0, tls_port: port });
    await emitter.settled();
    await router.stop();
    await nats.stop();
    await router.start();
    await until(
      () => router.lines.filter(({ message }) => message === 'prune-suspended').length >= 45,
      'cycles without NATS',
    );
    expect(Object.keys(await router.status('/routes'))).to.have.lengthOf(4);
    await nats.start();
    const again = await RouteEmitter.start(closing, nats.port, router);
    const beating = setInterval(() => {
      again.register({ uris: ['heard.test'], port });
      again.register({ uris: ['tls-heard.test'], port: 0, tls_port: port });
    }, 100);
    closing(() => clearInterval(beating));
    await router.said('pruned-route', ({ data }) => data.uri === 'silent.test');
    await router.said('pruned-route', ({ data }) => data.uri === 'tls.test');
    const routes = await router.status('/routes');
    expect(Object.keys(routes)).to.deep.equal(['heard.test', 'tls-heard.test']);
    expect(routes['heard.test']?.[0]).to.not.have.property('restored');
    clearInterval(beating);
    await router.said('pruned-route', ({ data }) => data.uri === 'heard.test');
    // Confirmed once, a TLS endpoint is as good as any: it does not leave by age.
    expect(await router.status('/routes')).to.have.keys('tls-heard.test');
  });

  it('forgets a restored TLS endpoint that nobody answers for, in the snapshot too', async () => {
    const { nats, router, emitter } = await start('backends: {max_attempts: 2}');
    emitter.register({ uris: ['tls.test'], port: 1, tls_port: 2 });
    await emitter.settled();
    await router.stop();
    await nats.stop();
    await router.start();
    expect((await get(router, 'tls.test')).status).to.equal(502);
    await router.said('prune-failed-endpoint');
    await until(async () => (await get(router, 'tls.test')).status === 404, 'its removal');
    await saved(router);
    await router.stop();
    await router.start();
    expect((await get(router, 'tls.test')).status).to.equal(404);
  });

  it('does not use a snapshot older than snapshot.max_age, and says so', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.make(closing, '');
    const path = join(router.folder, 'snapshot.db');
    const aged = (maxAge: string): Promise<RouterProcess> =>
      RouterProcess.start(
        closing,
        `${natsAt(nats.port)}\nsnapshot: {path: ${path}, save_interval: 50ms, max_age: ${maxAge}}`,
      );
    const first = await aged('15m');
    const emitter = await RouteEmitter.start(closing, nats.port, first);
    emitter.register({ uris: ['app.test'], port: 1 });
    await emitter.settled();
    await first.stop();
    const second = await aged('1ms');
    const line = await second.said('snapshot-not-restored');
    expect(String(line.data.reason)).to.match(/^the snapshot is too old: \d+ ms, allowed are 1 ms$/);
    expect(await second.status('/routes')).to.deep.equal({});
    expect(await second.stop()).to.equal(0);
    // The cold start has begun a new snapshot: the old routes do not come back.
    const third = await aged('15m');
    expect(await third.status('/routes')).to.deep.equal({});
  });

  const DAMAGES: readonly { name: string; damage: (file: string) => Promise<void> | void; said: RegExp }[] = [
    {
      name: 'is no database',
      damage: (file) => writeFile(file, 'something else entirely\n'.repeat(1000)),
      said: /not a database|damaged/i,
    },
    {
      name: 'lost its end',
      damage: async (file) => truncate(file, Math.floor((await stat(file)).size / 2)),
      said: /damaged|malformed/i,
    },
    {
      name: 'has a page of zeros',
      damage: async (file) => {
        const bytes = await readFile(file);
        bytes.fill(0, 4096, 2 * 4096);
        await writeFile(file, bytes);
      },
      said: /damaged|malformed/i,
    },
    {
      name: 'is of a newer version',
      damage: (file) => pragma(file, 'PRAGMA user_version = 99'),
      said: /newer version \(schema 99, this one knows 1\)/,
    },
    {
      name: "is another program's",
      damage: (file) => pragma(file, 'PRAGMA application_id = 77'),
      said: /another program's database/,
    },
    {
      name: 'has no date',
      damage: (file) => pragma(file, 'DELETE FROM snapshot'),
      said: /no date/,
    },
  ];

  for (const { name, damage, said } of DAMAGES) {
    it(`starts cold, with a line that says why, when the file ${name}`, async () => {
      const { router, emitter, port, file } = await start();
      for (let i = 0; i < 200; i += 1) emitter.register({ uris: [`app-${i}.test`], port });
      await emitter.settled();
      await router.stop();
      await damage(file);
      await router.start();
      const complaints = router.lines.filter(({ source }) => source === 'gorouter.stdout.snapshot');
      expect(complaints.map(({ data }) => `${data.error ?? ''} ${data.reason ?? ''}`).join('\n')).to.match(
        said,
      );
      expect(router.lines.filter(({ log_level: level }) => level > 2)).to.deep.equal([]);
      expect(await router.health()).to.equal(200);
      expect(await router.stop()).to.equal(0);
    });
  }

  it('uses what can be read of a file with a damaged entry', async () => {
    const { nats, router, emitter, port, file } = await start();
    for (const uri of ['a.test', 'b.test', 'c.test']) emitter.register({ uris: [uri], port });
    await emitter.settled();
    await router.stop();
    await nats.stop();
    pragma(file, "UPDATE route SET data = 'nonsense' WHERE id LIKE '%b.test%'");
    await router.start();
    expect((await router.said('snapshot-restored')).data).to.include({ endpoints: 2, damaged: 1 });
    await router.said('snapshot-entry-damaged');
    expect((await get(router, 'a.test')).body).to.equal('good');
    expect((await get(router, 'b.test')).status).to.equal(404);
  });

  it('goes on without a file that it may not write, and says so once', async () => {
    const { nats, router } = await start();
    await router.stop();
    const broken = await RouterProcess.start(
      closing,
      `${natsAt(nats.port)}\nsnapshot: {path: /proc/turnout/snapshot.db, save_interval: 50ms}`,
    );
    await broken.said('snapshot-store-failing');
    const emitter = await RouteEmitter.start(closing, nats.port, broken);
    emitter.register({ uris: ['app.test'], port: 1 });
    await emitter.settled();
    expect(await broken.stop()).to.equal(0);
    expect(broken.lines.filter(({ message }) => message === 'snapshot-store-failing')).to.have.lengthOf(1);
  });

  it('saves while changes go on and on, and has what was saved after it was killed', async () => {
    const nats = await NatsServer.start(closing);
    const folder = await RouterProcess.make(closing, '');
    const router = await RouterProcess.start(
      closing,
      `${natsAt(nats.port)}\nsnapshot: {path: ${join(folder.folder, 'snapshot.db')}}`,
    );
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    const uris = Array.from({ length: 50 }, (_, i) => `app-${i}.test`);
    for (const uri of uris) emitter.register({ uris: [uri], port: 1 });
    await emitter.settled();
    let more = 0;
    const changing = setInterval(() => {
      emitter.register({ uris: [`more-${more}.test`], port: 1 });
      more += 1;
    }, 20);
    closing(() => clearInterval(changing));
    // The first save that ends from now on may have begun before the table had them all; the second has not.
    for (const which of ['first', 'second']) {
      let msAgo = await lastSavedMsAgo(router);
      await until(async () => {
        const before = msAgo;
        msAgo = await lastSavedMsAgo(router);
        return msAgo < before;
      }, `the ${which} save`);
    }
    clearInterval(changing);
    await router.kill();
    await nats.stop();
    await router.start();
    const routes = await router.status('/routes');
    expect(Object.keys(routes)).to.include.members(uris);
  });
});

function pragma(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const KEY = 'turnout:{router-a}:routes';

describe('a router restarting with a snapshot in Redis', () => {
  const closing = closingAfterEach();

  async function startRedis(): Promise<RedisServer> {
    const redis = new RedisServer();
    closing(() => redis.remove());
    return redis.start();
  }

  function config(nats: NatsServer, redis: { readonly url: string }, id = 'router-a', more = ''): string {
    return `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}
snapshot: {store: redis, save_interval: 50ms, redis: {url: '${redis.url}', router_id: ${id}}${more}}`;
  }

  async function start(id = 'router-a') {
    const nats = await NatsServer.start(closing);
    const redis = await startRedis();
    const router = await RouterProcess.start(closing, config(nats, redis, id));
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    const { port } = await HttpBackend.start(closing, 'good');
    return { nats, redis, router, emitter, port };
  }

  const storedRoutes = (redis: RedisServer, key = KEY): number => Number(redis.cli('HLEN', key)) - 1;

  it('serves what it knew before NATS is there', async () => {
    const { nats, router, emitter, port } = await start();
    emitter.register({ uris: ['app.test/v1', '*.app.test'], port, private_instance_id: 'id-1' });
    await emitter.settled();
    expect(await router.stop()).to.equal(0);
    await nats.stop();
    await router.start();
    expect(router.last('snapshot-restored')?.data).to.include({
      store: 'redis',
      origin: 'router-a',
      routes: 2,
    });
    expect((await get(router, 'app.test', '/v1')).body).to.equal('good');
    expect((await router.status('/routes'))['*.app.test']?.[0]).to.include({ restored: true });
  });

  it('keeps what was said a moment before it was killed', async () => {
    const { nats, redis, router, emitter, port } = await start();
    emitter.register({ uris: ['one.test', 'two.test'], port });
    await emitter.settled();
    emitter.unregister({ uris: ['one.test'], port });
    await emitter.settled();
    await until(() => storedRoutes(redis) === 1, 'the save');
    await router.kill();
    await nats.stop();
    await router.start();
    expect(Object.keys(await router.status('/routes'))).to.deep.equal(['two.test']);
    expect((await get(router, 'two.test')).body).to.equal('good');
  });

  it('loses no request while Redis dies, is away and comes back, and then saves all anew', async () => {
    const { redis, router, emitter, port } = await start();
    for (let i = 0; i < 50; i += 1) emitter.register({ uris: [`app-${i}.test`], port });
    await emitter.settled();
    await until(() => storedRoutes(redis) === 50, 'the first save');
    let asking = true;
    const statuses = new Map<number, number>();
    const traffic = (async () => {
      while (asking) {
        const { status } = await get(router, 'app-7.test');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    })();
    await redis.stop();
    emitter.register({ uris: ['meanwhile.test'], port });
    await emitter.settled();
    await router.said('snapshot-store-failing');
    expect((await get(router, 'meanwhile.test')).body).to.equal('good');
    await redis.start(); // empty
    await router.said('snapshot-store-recovered');
    await until(() => storedRoutes(redis) === 51, 'the whole table in Redis');
    // And again, this time hanging rather than dead.
    redis.freeze();
    emitter.register({ uris: ['frozen.test'], port });
    await emitter.settled();
    await until(
      () => router.lines.filter(({ message }) => message === 'snapshot-store-failing').length === 2,
      'the second warning',
    );
    redis.thaw();
    await until(() => storedRoutes(redis) === 52, 'the change made meanwhile');
    asking = false;
    await traffic;
    expect([...statuses.keys()]).to.deep.equal([200]);
    expect(router.lines.filter(({ log_level: level }) => level > 2)).to.deep.equal([]);
  });

  it('starts cold when Redis is away, and saves when it is there', async () => {
    const nats = await NatsServer.start(closing);
    const redis = await startRedis();
    await redis.stop();
    const router = await RouterProcess.start(closing, config(nats, redis));
    expect(router.last('snapshot-not-restored')?.data.error).to.match(/redis at unix:.*ENOENT/);
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    emitter.register({ uris: ['app.test'], port: 1 });
    await emitter.settled();
    await redis.start();
    await until(() => storedRoutes(redis) === 1, 'the save');
    expect(await router.stop()).to.equal(0);
  });

  it('starts cold, without waiting for it, when Redis gives no answer', async () => {
    const nats = await NatsServer.start(closing);
    const redis = await startRedis();
    redis.freeze();
    // Redis is frozen until the router has started.
    const router = await RouterProcess.start(closing, config(nats, redis));
    expect(router.last('snapshot-not-restored')).to.not.equal(undefined);
    expect(await router.health()).to.equal(200);
    redis.thaw();
    await until(() => redis.cli('EXISTS', KEY) === '1', 'the first save');
  });

  const DAMAGES: readonly { name: string; damage: (redis: RedisServer) => void; said: RegExp }[] = [
    {
      name: 'is of another type',
      damage: (redis) => redis.cli('SET', KEY, 'x'),
      said: /turnout:\{router-a\}:routes is a string, not a snapshot: remove it, or set another/,
    },
    {
      name: 'is of a newer version',
      damage: (redis) => redis.cli('HSET', KEY, '@snapshot', '{"schema":99,"savedMs":1}'),
      said: /newer version \(schema 99, this one knows 1\)/,
    },
    {
      name: 'has a damaged date',
      damage: (redis) => redis.cli('HSET', KEY, '@snapshot', '{"schema":1,'),
      said: /date/,
    },
  ];

  for (const { name, damage, said } of DAMAGES) {
    it(`starts cold, with a line that says why, when the snapshot ${name}`, async () => {
      const { redis, router, emitter, port } = await start();
      emitter.register({ uris: ['app.test'], port });
      await emitter.settled();
      await router.stop();
      damage(redis);
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

  it('leaves out an entry that cannot be read, and no other', async () => {
    const { nats, redis, router, emitter, port } = await start();
    for (const uri of ['a.test', 'b.test', 'c.test']) emitter.register({ uris: [uri], port });
    await emitter.settled();
    await router.stop();
    await nats.stop();
    const field =
      redis
        .cli('HKEYS', KEY)
        .split('\n')
        .find((id) => id.includes('b.test')) ?? '';
    redis.cli('HSET', KEY, field, '{"half":');
    await router.start();
    expect((await router.said('snapshot-restored')).data).to.include({ endpoints: 2, damaged: 1 });
    expect((await get(router, 'a.test')).body).to.equal('good');
    expect((await get(router, 'b.test')).status).to.equal(404);
  });

  it('does not use a snapshot older than snapshot.max_age', async () => {
    const { nats, redis, router, emitter, port } = await start();
    emitter.register({ uris: ['app.test'], port });
    await emitter.settled();
    await router.stop();
    const later = await RouterProcess.start(closing, config(nats, redis, 'router-a', ', max_age: 1ms'));
    expect((await later.said('snapshot-not-restored')).data.reason).to.match(
      /too old: \d+ ms, allowed are 1 ms/,
    );
    expect(await later.status('/routes')).to.deep.equal({});
  });

  it('starts a router without a snapshot of its own from the freshest peer', async () => {
    const { nats, redis, router, emitter, port } = await start('router-a');
    emitter.register({ uris: ['fresh.test', 'both.test'], port });
    await emitter.settled();
    const other = await RouterProcess.start(closing, config(nats, redis, 'router-b'));
    // Its own copy: the table of the first, which it was started from.
    expect((await other.said('snapshot-restored')).data).to.include({ origin: 'router-a', routes: 2 });
    const second = await RouteEmitter.start(closing, nats.port, other);
    for (let i = 0; i < 5; i += 1) second.register({ uris: [`stale-${i}.test`], port });
    await second.settled();
    await other.stop();
    await emitter.connection.flush();
    await until(() => storedRoutes(redis) === 7, 'the save of the first router');
    // The second one died two minutes ago; it knew more, but that is not what counts.
    const twoMinutesAgo = Date.now() - 120_000;
    const otherKey = 'turnout:{router-b}:routes';
    redis.cli('HSET', otherKey, '@snapshot', JSON.stringify({ schema: 1, savedMs: twoMinutesAgo }));
    redis.cli('ZADD', 'turnout:routers', String(twoMinutesAgo), 'router-b');
    for (let i = 0; i < 5; i += 1) emitter.unregister({ uris: [`stale-${i}.test`], port });
    await emitter.connection.flush();
    await until(() => storedRoutes(redis) === 2, 'the save of the first router');
    await router.stop();
    await nats.stop();
    const third = await RouterProcess.start(closing, config(nats, redis, 'router-c'));
    expect(third.last('snapshot-restored')?.data).to.include({ origin: 'router-a', routes: 2 });
    expect((await get(third, 'fresh.test')).body).to.equal('good');
    expect((await get(third, 'stale-1.test')).status).to.equal(404);
    // From now on it has one of its own.
    await until(() => storedRoutes(redis, 'turnout:{router-c}:routes') === 2, 'its own snapshot');
  });
});

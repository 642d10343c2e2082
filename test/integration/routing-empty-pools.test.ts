import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

describe('a route whose last endpoint went', () => {
  const closing = closingAfterEach();

  async function start(config: string) {
    const nats = await NatsServer.start(closing);
    const hosts = `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`;
    const router = await RouterProcess.start(closing, `${hosts}\n${config}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    const { port } = await HttpBackend.start(closing, 'good');
    return { router, emitter, port };
  }

  const NO_ENDPOINTS = "503 Service Unavailable: Requested route ('gone.test') has no available endpoints.\n";

  it('is 404 at once, and gives way to the wildcard', async () => {
    const { router, emitter, port } = await start('');
    emitter.register({ uris: ['*.gone.test'], port });
    emitter.register({ uris: ['a.gone.test', 'gone.test'], port: 1 });
    emitter.unregister({ uris: ['a.gone.test', 'gone.test'], port: 1 });
    await emitter.settled();
    expect((await get(router, 'gone.test')).status).to.equal(404);
    expect((await get(router, 'a.gone.test')).body).to.equal('good');
  });

  it('is 404 at once with empty_pool_response_code_503 and no timeout', async () => {
    const { router, emitter } = await start('empty_pool_response_code_503: true');
    emitter.register({ uris: ['gone.test'], port: 1 });
    emitter.unregister({ uris: ['gone.test'], port: 1 });
    await emitter.settled();
    expect((await get(router, 'gone.test')).status).to.equal(404);
    expect(Object.keys(await router.status('/routes'))).to.deep.equal([]);
  });

  it('is 503 until the next prune cycle when a failure emptied it, then 404', async () => {
    const { router, emitter } = await start(
      'empty_pool_response_code_503: true\nprune_stale_droplets_interval: 4s',
    );
    // Refused, and TLS: removed from its pool at the first attempt.
    emitter.register({ uris: ['gone.test'], port: 0, tls_port: 1 });
    await emitter.settled();
    // Just after one cycle, so that there is a whole interval before the next.
    const cycles = () => router.lines.filter(({ message }) => message === 'finished-pruning-routes').length;
    const before = cycles();
    await until(() => cycles() > before, 'a cycle');
    expect((await get(router, 'gone.test')).status).to.equal(502);
    await router.said('prune-failed-endpoint');
    const statuses: number[] = [];
    await until(async () => {
      const { status, body, headers } = await get(router, 'gone.test');
      if (status === 503) {
        expect(body).to.equal(NO_ENDPOINTS);
        expect(headers).to.include({
          'x-cf-routererror': 'no_endpoints',
          'cache-control': 'public,max-age=2',
        });
      }
      if (statuses.at(-1) !== status) statuses.push(status);
      return status === 404;
    }, 'the answer 404');
    expect(statuses).to.deep.equal([503, 404]);
  });

  it('is 503 for the timeout when it was unregistered, then 404, and hides its wildcard meanwhile', async () => {
    const { router, emitter, port } = await start(
      'empty_pool_response_code_503: true\nempty_pool_timeout: 3s\nprune_stale_droplets_interval: 100ms',
    );
    emitter.register({ uris: ['*.test'], port });
    emitter.register({ uris: ['gone.test'], port });
    const beforeEmptied = performance.now();
    emitter.unregister({ uris: ['gone.test'], port });
    await emitter.settled();
    const first = await get(router, 'gone.test');
    expect(first).to.include({ status: 503, body: NO_ENDPOINTS });
    expect((await router.status('/routes'))['gone.test']).to.deep.equal([]);
    await until(async () => (await get(router, 'gone.test')).body === 'good', 'the wildcard');
    expect(performance.now() - beforeEmptied).to.be.at.least(2_990);
    expect(await router.status('/routes')).to.not.have.property('gone.test');
  });

  it('serves again with the next register', async () => {
    const { router, emitter, port } = await start(
      'empty_pool_response_code_503: true\nempty_pool_timeout: 60s',
    );
    emitter.register({ uris: ['gone.test/Ctx'], port });
    emitter.unregister({ uris: ['gone.test/Ctx'], port });
    await emitter.settled();
    expect((await get(router, 'gone.test', '/ctx')).status).to.equal(503);
    expect((await get(router, 'gone.test')).status).to.equal(404);
    emitter.register({ uris: ['gone.test/ctx'], port });
    await emitter.settled();
    expect((await get(router, 'gone.test', '/ctx')).body).to.equal('good');
  });

  it('loses endpoints that are silent for their own threshold, others not', async () => {
    const { router, emitter, port } = await start(
      'droplet_stale_threshold: 60s\nprune_stale_droplets_interval: 100ms',
    );
    const { port: another } = await HttpBackend.start(closing, 'another');
    emitter.register({ uris: ['stale.test', 'stale.test/x'], port, stale_threshold_in_seconds: 1 });
    emitter.register({ uris: ['stale.test'], port: another });
    emitter.register({ uris: ['tls.test'], port: 0, tls_port: port, stale_threshold_in_seconds: 1 });
    await emitter.settled();
    const line = await router.said('pruned-route');
    expect(line.data).to.deep.include({ endpoints: [`127.0.0.1:${port}`], isolation_segment: '-' });
    await until(async () => Object.keys(await router.status('/routes')).length === 2, 'the pruned route');
    await emitter.settled();
    // A route key above takes over.
    for (let i = 0; i < 4; i += 1) expect((await get(router, 'stale.test', '/x')).body).to.equal('another');
    expect((await router.status('/routes'))['tls.test']).to.have.lengthOf(1);
  });

  it('stays while its endpoint is heard of', async () => {
    const { router, emitter, port } = await start(
      'droplet_stale_threshold: 3s\nprune_stale_droplets_interval: 50ms',
    );
    emitter.register({ uris: ['witness.test'], port });
    const beating = setInterval(() => emitter.register({ uris: ['alive.test'], port }), 100);
    closing(() => clearInterval(beating));
    await emitter.settled();
    await router.said('pruned-route', ({ data }) => data.uri === 'witness.test');
    expect((await get(router, 'alive.test')).body).to.equal('good');
    expect(await router.status('/routes')).to.have.keys('alive.test');
  });
});

import { request } from 'node:http';
import { expect } from 'chai';
import { connect } from 'nats';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const AUTH = `Basic ${Buffer.from('router-status:secret').toString('base64')}`;
const STATUS = 'port: 0, user: router-status, pass: secret, routes: {port: 0}';

interface Page {
  readonly status: number;
  readonly body: string;
  readonly type: string | undefined;
}

describe('the status pages of a router', () => {
  const closing = closingAfterEach();

  async function start(config = '') {
    const nats = await NatsServer.start(closing);
    const hosts = `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`;
    const router = await RouterProcess.start(closing, `${hosts}\n${config}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    return { nats, router, emitter };
  }

  function page(port: number, path: string, headers: Record<string, string> = {}): Promise<Page> {
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body, type: response.headers['content-type'] }),
        );
      })
        .on('error', reject)
        .end();
    });
  }

  it('are where gorouter has them, and ask for the password where gorouter does', async () => {
    const { router } = await start();
    const { healthPort, routesPort } = router;
    expect(await page(healthPort, '/health')).to.include({ status: 200, body: 'ok\n' });
    expect(await page(healthPort, '/is-process-alive-do-not-use-for-loadbalancing')).to.include({
      status: 200,
      body: 'ok\n',
    });
    expect((await page(healthPort, '/routes', { authorization: AUTH })).status).to.equal(404);
    expect((await page(healthPort, '/workers', { authorization: AUTH })).status).to.equal(404);
    for (const path of ['/routes', '/varz', '/workers', '/other']) {
      const refused = await page(routesPort, path);
      expect(refused, path).to.include({ status: 401, body: '401 Unauthorized\n' });
      const wrong = `Basic ${Buffer.from('router-status:Secret').toString('base64')}`;
      expect((await page(routesPort, path, { authorization: wrong })).status, path).to.equal(401);
    }
    for (const path of ['/routes', '/varz', '/workers']) {
      expect(await page(routesPort, path, { authorization: AUTH }), path).to.include({
        status: 200,
        type: 'application/json',
      });
    }
    expect((await page(routesPort, '/other', { authorization: AUTH })).status).to.equal(404);
    expect((await page(routesPort, '/health')).body).to.equal('ok\n');
    expect((await page(routesPort, '/healthz')).body).to.equal('ok\n');
    // Not on the traffic port.
    expect((await page(router.port, '/health')).status).to.equal(400);
    expect((await get(router, 'any.test', '/routes', { authorization: AUTH })).status).to.equal(404);
  });

  it('move to the component server when that is asked for', async () => {
    const { router, emitter } = await start(
      `status: {${STATUS}, host: 127.0.0.1, enable_deprecated_varz_healthz_endpoints: true}`,
    );
    emitter.register({ uris: ['app.test'], port: 1 });
    await emitter.settled();
    const { healthPort } = router;
    expect((await page(healthPort, '/healthz')).body).to.equal('ok\n');
    expect((await page(healthPort, '/health')).body).to.equal('ok\n');
    expect((await page(healthPort, '/varz')).status).to.equal(401);
    const varz = JSON.parse((await page(healthPort, '/varz', { authorization: AUTH })).body) as object;
    expect(varz).to.include({ type: 'Router', urls: 1, host: `127.0.0.1:${healthPort}` });
    expect(JSON.parse((await page(healthPort, '/routes', { authorization: AUTH })).body)).to.have.keys(
      'app.test',
    );
    expect((await page(healthPort, '/is-process-alive-do-not-use-for-loadbalancing')).status).to.equal(401);
    expect(
      (await page(healthPort, '/is-process-alive-do-not-use-for-loadbalancing', { authorization: AUTH }))
        .status,
    ).to.equal(404);
  });

  it('show routes as gorouter does', async () => {
    const { router, emitter } = await start();
    emitter.register({
      uris: ['B.example.com/V1/?x', 'a<b.test'],
      port: 1,
      tls_port: 61_002,
      tags: { component: 'route-emitter' },
      route_service_url: 'https://rs.example.com',
      isolation_segment: 'is1',
      private_instance_id: 'guid-1',
      server_cert_domain_san: 'guid-1',
      availability_zone: 'z1',
      stale_threshold_in_seconds: 60,
      options: { loadbalancing: 'least-connection' },
    });
    emitter.register({ uris: ['z.test'], port: 8080 });
    await emitter.settled();
    const full =
      '{"address":"127.0.0.1:61002","availability_zone":"z1","protocol":"http1","tls":true,"ttl":60,' +
      '"route_service_url":"https://rs.example.com","tags":{"component":"route-emitter"},"isolation_segment":"is1",' +
      '"private_instance_id":"guid-1","server_cert_domain_san":"guid-1","load_balancing_algorithm":"least-connection"}';
    const plain =
      '{"address":"127.0.0.1:8080","availability_zone":"","protocol":"http1","tls":false,"ttl":120,"tags":null,' +
      '"load_balancing_algorithm":"round-robin"}';
    expect((await page(router.routesPort, '/routes', { authorization: AUTH })).body).to.equal(
      `{"a\\u003cb.test":[${full}],"b.example.com/v1":[${full}],"z.test":[${plain}]}\n`,
    );
  });

  it('sum over the workers, and lose nothing with a worker that dies', async () => {
    const { router, emitter } = await start();
    const { port } = await HttpBackend.start(closing, 'app', (req, res) => {
      res.writeHead(Number(req.url?.slice(1)) || 200).end('x');
    });
    emitter.register({ uris: ['app.test'], port });
    emitter.register({ uris: ['dead.test'], port: 1 });
    await emitter.settled();
    for (const [path, count] of Object.entries({ '/200': 20, '/301': 5, '/404': 4, '/500': 3 })) {
      for (let i = 0; i < count; i += 1) await get(router, 'app.test', path);
    }
    for (let i = 0; i < 6; i += 1) await get(router, 'unknown.test');
    for (let i = 0; i < 2; i += 1) await get(router, 'dead.test');
    const expected = {
      requests: 40,
      responses_2xx: 20,
      responses_3xx: 5,
      responses_4xx: 4,
      responses_5xx: 5,
      responses_xxx: 0,
      bad_requests: 6,
      bad_gateways: 2,
      urls: 2,
      droplets: 2,
    };
    await until(async () => (await router.status('/varz')).requests === 40, 'all requests counted');
    expect(await router.status('/varz')).to.include(expected);
    const workers = await router.status('/workers');
    expect(workers.reduce((sum, { requests }) => sum + requests, 0)).to.equal(40);
    for (const { requests } of workers) expect(requests).to.be.within(1, 39);

    process.kill(workers[0]!.pid, 'SIGKILL');
    await until(async () => {
      const now = await router.status('/workers');
      return (
        now.length === 2 && now.every(({ pid, state }) => state === 'listening' && pid !== workers[0]!.pid)
      );
    }, 'the new worker');
    expect(await router.status('/varz')).to.include(expected);
    for (let i = 0; i < 10; i += 1) await get(router, 'app.test', '/200');
    await until(async () => (await router.status('/varz')).requests === 50, 'the later requests');
    expect(await router.status('/varz')).to.include({ ...expected, requests: 50, responses_2xx: 30 });
  });

  it('are healthy as long as one worker listens, and unhealthy without', async () => {
    const { router } = await start();
    const [first] = await router.status('/workers');
    process.kill(first!.pid, 'SIGKILL');
    await until(async () => {
      expect(await router.health()).to.equal(200);
      const workers = await router.status('/workers');
      return (
        workers.length === 2 && workers.every(({ pid, state }) => state === 'listening' && pid !== first!.pid)
      );
    }, 'the new worker');
    for (const { pid } of await router.status('/workers')) process.kill(pid, 'SIGKILL');
    await until(async () => (await router.health()) === 503, 'unhealthy without workers');
    await until(async () => (await router.health()) === 200, 'healthy with new ones');
  });

  it('are unhealthy while the router waits for registrations, and show them already', async () => {
    const nats = await NatsServer.start(closing);
    const hosts = `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`;
    const router = await RouterProcess.make(closing, `${hosts}\nstart_response_delay_interval: 600s`);
    await router.launch();
    expect((await page(router.healthPort, '/health')).status).to.equal(503);
    expect((await page(router.healthPort, '/is-process-alive-do-not-use-for-loadbalancing')).status).to.equal(
      200,
    );
    await router.said('subscriber-started');
    const connection = await connect({ servers: `127.0.0.1:${nats.port}`, reconnect: false });
    closing(() => connection.close());
    connection.publish(
      'router.register',
      JSON.stringify({ uris: ['early.test'], host: '127.0.0.1', port: 1 }),
    );
    await until(async () => 'early.test' in (await router.status('/routes')), 'the early route');
    expect((await page(router.healthPort, '/health')).status).to.equal(503);
  });

  it('tell of the store and of the bus', async () => {
    const { nats, router, emitter } = await start();
    emitter.register({ uris: ['app.test'], port: 1 });
    await emitter.settled();
    const varz = (await router.status('/varz')) as unknown as {
      nats: Record<string, unknown>;
      store: Record<string, unknown>;
    };
    expect(varz.nats).to.include({
      connected: true,
      registers: 1,
      unregisters: 0,
      invalid: 0,
      reconnects: 0,
    });
    expect(varz.store).to.include({ kind: 'embedded', failing: false });
    await nats.stop();
    await until(
      async () => ((await router.status('/varz')).nats as { connected: boolean }).connected === false,
      'the lost connection',
    );
  });
});

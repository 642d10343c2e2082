import { expect } from 'chai';
import { closingAfterAll, closingAfterEach } from '../support/closing.ts';
import { HoldingBackend } from '../support/holding-backend.ts';
import { HttpBackend } from '../support/http-backend.ts';
import type { KeptConnection } from '../support/kept-connection.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';
import { connectionsToEachWorker } from '../support/worker-connections.ts';

describe('a router of two workers balancing', () => {
  const closing = closingAfterAll();
  const closingEach = closingAfterEach();
  let router: RouterProcess;
  let emitter: RouteEmitter;
  let connections: KeptConnection[][];

  before(async () => {
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.start(closing, `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`);
    emitter = await RouteEmitter.start(closing, nats.port, router);
    connections = await connectionsToEachWorker(closing, router, 2);
  });

  it('gives each endpoint its turn, over connections of both workers', async () => {
    const backends = [];
    for (const name of ['one', 'two', 'three']) backends.push(await HttpBackend.start(closingEach, name));
    for (const { port } of backends) emitter.register({ uris: ['even.test'], port });
    await emitter.settled();
    for (let i = 0; i < 120; i += 1) expect((await get(router, 'even.test')).status).to.equal(200);
    const counts = backends.map(({ requests }) => requests);
    // Each worker is even to one request: two workers to two.
    expect(Math.max(...counts) - Math.min(...counts), String(counts)).to.be.at.most(2);
    await until(
      async () => (await router.status('/workers')).every(({ requests }) => requests > 10),
      'a share for both workers',
    );
  });

  it('goes by the algorithm of the route, and back to its own when the option is gone', async () => {
    const one = await HoldingBackend.start(closingEach, 'one');
    const two = await HoldingBackend.start(closingEach, 'two');
    const announce = async (options: Record<string, string>): Promise<void> => {
      for (const { port } of [one, two]) emitter.register({ uris: ['least.test'], port, options });
      await emitter.settled();
    };
    await announce({ loadbalancing: 'least-connection' });
    for (const [asking, holding] of connections) {
      const held = holding?.get('least.test', '/hold');
      await until(() => one.held + two.held === 1, 'the held request');
      const [busy, idle] = one.held === 1 ? [one, two] : [two, one];
      for (let i = 0; i < 6; i += 1) {
        expect((await asking?.get('least.test'))?.body, 'least-connection').to.equal(idle.name);
      }
      await announce({});
      const answers = new Set<string | undefined>();
      for (let i = 0; i < 6; i += 1) answers.add((await asking?.get('least.test'))?.body);
      expect([...answers].sort(), 'round-robin').to.deep.equal(['one', 'two']);
      await announce({ loadbalancing: 'least-connection' });
      busy.release();
      expect((await held)?.body).to.equal(busy.name);
    }
  });

  it('lets requests finish at an endpoint that is unregistered meanwhile', async () => {
    const backend = await HoldingBackend.start(closingEach, 'leaving');
    emitter.register({ uris: ['leaving.test'], port: backend.port });
    await emitter.settled();
    const held = get(router, 'leaving.test', '/hold');
    await until(() => backend.held === 1, 'the held request');
    emitter.unregister({ uris: ['leaving.test'], port: backend.port });
    await emitter.settled();
    expect((await get(router, 'leaving.test')).status).to.equal(404);
    backend.release();
    expect((await held).body).to.equal('leaving');
  });

  it('keeps the algorithm of a pool when an option is no algorithm, and says so once', async () => {
    const { port } = await HttpBackend.start(closingEach, 'one');
    for (let i = 0; i < 5; i += 1) {
      emitter.register({ uris: ['invalid.test'], port, options: { loadbalancing: 'best' } });
    }
    await emitter.settled();
    expect((await get(router, 'invalid.test')).body).to.equal('one');
    const message = 'invalid-endpoint-load-balancing-algorithm-provided-keeping-pool-lb-algo';
    // A later line of the same process, so that all earlier ones have come.
    emitter.register({ uris: ['after-invalid.test'], port });
    await router.said('route-registered', ({ data }) => data.uri === 'after-invalid.test');
    const said = router.lines.filter((line) => line.message === message);
    expect(said.map(({ data }) => data)).to.deep.equal([
      { endpointLBAlgorithm: 'best', poolLBAlgorithm: 'round-robin' },
    ]);
    const { 'invalid.test': endpoints } = await router.status('/routes');
    expect(endpoints?.[0]).to.include({ load_balancing_algorithm: 'best' });
  });

  it('keeps a session at its instance through both workers, and binds it anew when that goes', async () => {
    const backends = new Map<string, HttpBackend>();
    for (const name of ['id-1', 'id-2', 'id-3']) {
      const backend = await HttpBackend.start(closingEach, name);
      backends.set(name, backend);
      emitter.register({ uris: ['sticky.test/Ctx'], port: backend.port, private_instance_id: name });
    }
    await emitter.settled();
    const { port } = backends.get('id-2')!;
    const cookie = 'JSESSIONID=abc; __VCAP_ID__=id-2';
    for (const [connection] of connections) {
      for (let i = 0; i < 6; i += 1) {
        const answer = await connection?.get('sticky.test', '/ctx', { cookie });
        expect(answer?.body).to.equal('id-2');
        expect(answer?.headers['set-cookie']).to.equal(undefined);
      }
    }
    emitter.unregister({ uris: ['sticky.test/ctx'], port });
    await emitter.settled();
    for (const [connection] of connections) {
      const answer = await connection?.get('sticky.test', '/ctx', { cookie });
      expect(answer?.body).to.be.oneOf(['id-1', 'id-3']);
      expect(answer?.headers['set-cookie']).to.deep.equal([
        `__VCAP_ID__=${answer?.body}; Path=/Ctx; HttpOnly`,
      ]);
    }
  });

  it('binds a session to the instance that began it', async () => {
    for (const name of ['id-1', 'id-2']) {
      const { port } = await HttpBackend.start(closingEach, name, (_, res) => {
        res.setHeader('Set-Cookie', 'JSESSIONID=abc; Path=/; Secure');
        res.end(name);
      });
      emitter.register({ uris: ['login.test'], port, private_instance_id: name });
    }
    await emitter.settled();
    for (let i = 0; i < 4; i += 1) {
      const { body, headers } = await get(router, 'login.test');
      expect(headers['set-cookie']).to.deep.equal([
        'JSESSIONID=abc; Path=/; Secure',
        `__VCAP_ID__=${body}; Path=/; HttpOnly; Secure`,
        '__VCAP_ID_META__=secure; Path=/; HttpOnly; Secure',
      ]);
    }
  });
});

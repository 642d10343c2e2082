import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';
import { connectionsToEachWorker } from '../support/worker-connections.ts';

describe('an endpoint that fails', () => {
  const closing = closingAfterEach();

  async function start(config = '', workers = 2) {
    const nats = await NatsServer.start(closing);
    const hosts = `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`;
    const router = await RouterProcess.start(closing, `${hosts}\n${config}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router, workers);
    return { nats, router, emitter };
  }

  const failures = (router: RouterProcess, message: string): number =>
    router.lines.filter((line) => line.message === message).length;

  it('is passed over by every worker when it refused one of them', async () => {
    const { router, emitter } = await start('backends: {max_attempts: 3}');
    const [first, second] = (await connectionsToEachWorker(closing, router)).flat();
    const good = await HttpBackend.start(closing, 'good');
    const dead = await HttpBackend.start(closing, 'dead');
    for (const { port } of [good, dead]) emitter.register({ uris: ['half.test'], port });
    await emitter.settled();
    await dead.stop();
    for (let i = 0; i < 2; i += 1)
      expect(await first!.get('half.test')).to.include({ status: 200, body: 'good' });
    const line = await router.said('endpoint-marked-as-ineligible');
    expect(line.data['route-endpoint']).to.include({ Addr: `127.0.0.1:${dead.port}` });
    await router.said('backend-endpoint-failed');
    await emitter.settled();
    const tried = failures(router, 'backend-endpoint-failed');
    expect(tried).to.equal(1);
    for (const each of [first, second]) {
      for (let i = 0; i < 10; i += 1) expect((await each!.get('half.test')).body).to.equal('good');
    }
    expect(failures(router, 'backend-endpoint-failed')).to.equal(tried);
    expect(failures(router, 'endpoint-marked-as-ineligible')).to.equal(1);
  });

  it('is passed over by every worker when it reset one of them, and costs that request alone', async () => {
    const { router, emitter } = await start();
    const [first, second] = (await connectionsToEachWorker(closing, router)).flat();
    const good = await HttpBackend.start(closing, 'good');
    const resetting = await ResettingBackend.start(closing);
    for (const { port } of [good, resetting]) emitter.register({ uris: ['reset.test'], port });
    await emitter.settled();
    const statuses: number[] = [];
    for (let i = 0; i < 2; i += 1) statuses.push((await first!.get('reset.test')).status);
    // Not repeated: the endpoint had the request already.
    expect(statuses.sort()).to.deep.equal([200, 502]);
    await router.said('endpoint-marked-as-ineligible');
    await emitter.settled();
    for (const each of [first, second]) {
      for (let i = 0; i < 10; i += 1) expect((await each!.get('reset.test')).status).to.equal(200);
    }
    expect(resetting.connections).to.equal(1);
  });

  it('is not passed over on its other routes', async () => {
    const { router, emitter } = await start();
    const good = await HttpBackend.start(closing, 'good');
    const resetting = await ResettingBackend.start(closing);
    for (const { port } of [good, resetting]) emitter.register({ uris: ['one.test', 'two.test'], port });
    await emitter.settled();
    await until(async () => (await get(router, 'one.test')).status === 502, 'the failure');
    await router.said('endpoint-marked-as-ineligible');
    await until(async () => (await get(router, 'two.test')).status === 502, 'the failure on the other route');
  });

  it('is tried again when its mark is over', async () => {
    // Of one worker: another one may fail at it too before it hears of the mark.
    const { router, emitter } = await start('droplet_stale_threshold: 4s\nworkers: {count: 1}', 1);
    const good = await HttpBackend.start(closing, 'good');
    const resetting = await ResettingBackend.start(closing);
    for (const { port } of [good, resetting]) emitter.register({ uris: ['again.test'], port });
    await emitter.settled();
    await until(async () => (await get(router, 'again.test')).status === 502, 'the failure');
    await until(async () => (await get(router, 'again.test')).status === 502, 'the next failure');
    await until(() => failures(router, 'backend-endpoint-failed') === 2, 'both lines');
    const [first, next] = router.lines.filter(({ message }) => message === 'backend-endpoint-failed');
    // A quarter of the threshold.
    expect(next!.timestamp - first!.timestamp).to.be.at.least(0.99);
  });

  it('is tried anyway when all others are marked too', async () => {
    const { router, emitter } = await start('backends: {max_attempts: 2}');
    const [first, second] = (await connectionsToEachWorker(closing, router)).flat();
    const backends = [await HttpBackend.start(closing, 'one'), await HttpBackend.start(closing, 'two')];
    const ports = backends.map(({ port }) => port);
    for (const port of ports) emitter.register({ uris: ['all.test'], port });
    await emitter.settled();
    for (const backend of backends) await backend.stop();
    const failed = await first!.get('all.test');
    expect(failed).to.include({
      status: 502,
      body: '502 Bad Gateway: Registered endpoint failed to handle the request.\n',
    });
    expect(failed.headers['x-cf-routererror']).to.match(
      /^endpoint_failure \(dial tcp 127\.0\.0\.1:\d+: connect: connection refused\)$/,
    );
    await until(() => failures(router, 'endpoint-marked-as-ineligible') === 2, 'both marks');
    await emitter.settled();
    for (const [i, port] of ports.entries()) await HttpBackend.start(closing, `again ${i}`, undefined, port);
    for (const each of [first, second]) {
      for (let i = 0; i < 4; i += 1) expect((await each!.get('all.test')).status).to.equal(200);
    }
  });

  it('goes on being passed over by a worker that is started later', async () => {
    const { router, emitter } = await start('backends: {max_attempts: 2}');
    const good = await HttpBackend.start(closing, 'good');
    const dead = await HttpBackend.start(closing, 'dead');
    for (const { port } of [good, dead]) emitter.register({ uris: ['later.test'], port });
    await emitter.settled();
    await dead.stop();
    for (let i = 0; i < 4; i += 1) expect((await get(router, 'later.test')).body).to.equal('good');
    await router.said('endpoint-marked-as-ineligible');
    const pids = (await router.status('/workers')).map(({ pid }) => pid);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(
      () => router.lines.filter(({ message }) => message === 'worker-listening').length === 4,
      'new workers',
    );
    const before = failures(router, 'backend-endpoint-failed');
    for (let i = 0; i < 10; i += 1) expect((await get(router, 'later.test')).body).to.equal('good');
    expect(failures(router, 'backend-endpoint-failed')).to.equal(before);
  });

  it('is served again at once, mark forgotten, when it left the route and came back', async () => {
    const { router, emitter } = await start('backends: {max_attempts: 2}');
    const good = await HttpBackend.start(closing, 'good');
    const failing = await HttpBackend.start(closing, 'back');
    for (const { port } of [good, failing]) emitter.register({ uris: ['back.test'], port });
    await emitter.settled();
    await failing.stop();
    for (let i = 0; i < 4; i += 1) expect((await get(router, 'back.test')).body).to.equal('good');
    await router.said('endpoint-marked-as-ineligible');
    emitter.unregister({ uris: ['back.test'], port: failing.port });
    await HttpBackend.start(closing, 'back', undefined, failing.port);
    emitter.register({ uris: ['back.test'], port: failing.port });
    await emitter.settled();
    const answers = new Set<string>();
    for (let i = 0; i < 20; i += 1) answers.add((await get(router, 'back.test')).body);
    expect([...answers].sort()).to.deep.equal(['back', 'good']);
  });
});

/** Accepts connections, waits for a request, and resets them. */
class ResettingBackend {
  connections = 0;
  readonly #server: Server = createServer((socket) => {
    this.connections += 1;
    socket.on('error', () => {});
    socket.once('data', () => socket.resetAndDestroy());
  });

  static async start(closing: (close: () => unknown) => void): Promise<ResettingBackend> {
    const backend = new ResettingBackend();
    backend.#server.listen(0, '127.0.0.1');
    closing(() => backend.#server.close());
    await once(backend.#server, 'listening');
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
}

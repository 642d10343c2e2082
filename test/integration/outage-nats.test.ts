import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { connect } from 'nats';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { type LogLine, RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const natsAt = (...ports: number[]): string =>
  `nats: {hosts: [${ports.map((port) => `{hostname: 127.0.0.1, port: ${port}}`).join(', ')}]}`;

/** Long for heartbeats of 100 ms, also where they are held up. */
const STALE_MS = 3_000;
const QUICK = `droplet_stale_threshold: ${STALE_MS}ms\nprune_stale_droplets_interval: 100ms\nnats_client_ping_interval: 200ms`;

/** Unix ms of a line. */
const timeOf = (line: LogLine | undefined): number => (line?.timestamp ?? Number.NaN) * 1000;

describe('a router and its NATS servers', () => {
  const closing = closingAfterEach();

  it('serves on while NATS is away, prunes nothing, and gives everybody a full threshold afterwards', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(closing, `${natsAt(nats.port)}\n${QUICK}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    const { port } = await HttpBackend.start(closing, 'good');
    emitter.register({ uris: ['gone.test', 'stays.test'], port });
    emitter.register({ uris: ['own.test'], port, stale_threshold_in_seconds: 1 });
    await emitter.settled();
    await nats.stop('SIGKILL');
    const lost = await router.said('nats-connection-disconnected');
    await until(() => {
      const held = router.lines.filter(({ message }) => message === 'prune-suspended');
      return timeOf(held.at(-1)) - timeOf(lost) > 2 * STALE_MS;
    }, 'an outage of two thresholds');
    for (let i = 0; i < 4; i += 1) expect((await get(router, 'gone.test')).body).to.equal('good');
    expect(await router.health()).to.equal(200);
    expect(Object.keys(await router.status('/routes'))).to.have.lengthOf(3);
    expect(router.lines.filter(({ message }) => message === 'pruned-route')).to.deep.equal([]);

    await nats.start();
    const back = await router.said('nats-connection-reconnected');
    const again = await RouteEmitter.start(closing, nats.port, router);
    const beating = setInterval(() => again.register({ uris: ['stays.test'], port }), 100);
    closing(() => clearInterval(beating));
    const pruned = await router.said('pruned-route', ({ data }) => data.uri === 'gone.test');
    expect(timeOf(pruned) - timeOf(back)).to.be.at.least(STALE_MS);
    const own = await router.said('pruned-route', ({ data }) => data.uri === 'own.test');
    expect(timeOf(own) - timeOf(back)).to.be.at.least(1_000);
    expect(router.lines.indexOf(own)).to.be.below(router.lines.indexOf(pruned));
    expect(Object.keys(await router.status('/routes'))).to.deep.equal(['stays.test']);
    expect((await get(router, 'gone.test')).status).to.equal(404);
    expect((await get(router, 'stays.test')).body).to.equal('good');
  });

  it('takes a suspended NATS server for one that is away', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(closing, `${natsAt(nats.port)}\n${QUICK}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    const { port } = await HttpBackend.start(closing, 'good');
    emitter.register({ uris: ['app.test'], port });
    await emitter.settled();
    nats.suspend();
    await router.said('nats-connection-disconnected');
    await router.said('prune-suspended');
    expect((await get(router, 'app.test')).body).to.equal('good');
    nats.resume();
    await router.said('nats-connection-reconnected');
  });

  it('empties the table while NATS is away when it is told not to wait', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(
      closing,
      `${natsAt(nats.port)}\n${QUICK}\nsuspend_pruning_if_nats_unavailable: false`,
    );
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    emitter.register({ uris: ['plain.test'], port: 1 });
    emitter.register({ uris: ['tls.test'], port: 1, tls_port: 2 });
    await emitter.settled();
    await nats.stop('SIGKILL');
    await router.said('nats-connection-disconnected');
    await router.said('pruned-route', ({ data }) => data.uri === 'plain.test');
    expect(Object.keys(await router.status('/routes'))).to.deep.equal(['tls.test']);
  });

  it('serves though no NATS is there at its start, and hears of routes as soon as one is', async () => {
    const nats = await NatsServer.start(closing);
    await nats.stop();
    const router = await RouterProcess.start(closing, natsAt(nats.port));
    await router.said('nats-connection-error');
    expect(await router.health()).to.equal(200);
    expect((await get(router, 'app.test')).status).to.equal(404);
    await until(
      async () => ((await router.status('/varz')).nats as { connected: boolean }).connected === false,
      'the figure',
    );
    await nats.start();
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    const { port } = await HttpBackend.start(closing, 'good');
    emitter.register({ uris: ['app.test'], port });
    await emitter.settled();
    expect((await get(router, 'app.test')).body).to.equal('good');
    // The reason was said once, not at every attempt.
    expect(router.lines.filter(({ message }) => message === 'nats-connection-error')).to.have.lengthOf(1);
  });

  it('uses the server that is there, and moves when that dies', async () => {
    const first = await NatsServer.start(closing);
    const second = await NatsServer.start(closing);
    await first.stop();
    const router = await RouterProcess.start(closing, `${natsAt(first.port, second.port)}\n${QUICK}`);
    const { port } = await HttpBackend.start(closing, 'good');
    const one = await RouteEmitter.start(closing, second.port, router);
    one.register({ uris: ['app.test'], port });
    await one.settled();
    await first.start();
    await second.stop('SIGKILL');
    const moved = await router.said('nats-connection-reconnected');
    expect(moved.data).to.deep.equal({
      host: `127.0.0.1:${first.port}`,
      addr: `127.0.0.1:${first.port}`,
    });
    const two = await RouteEmitter.start(closing, first.port, router);
    two.register({ uris: ['other.test'], port });
    await two.settled();
    expect((await get(router, 'app.test')).body).to.equal('good');
    expect((await get(router, 'other.test')).body).to.equal('good');
  });

  it('logs in with its user and password, whatever characters they hold', async () => {
    const [user, pass] = ['router@x', 'p:ss/w%rd#?'];
    const nats = await NatsServer.start(closing, { args: ['--user', user, '--pass', pass] });
    const config = (password: string): string =>
      `nats: ${JSON.stringify({ hosts: [{ hostname: '127.0.0.1', port: nats.port }], user, pass: password })}`;
    const refused = await RouterProcess.start(closing, config('wrong'));
    const line = await refused.said('nats-connection-error');
    expect(String(line.data.error)).to.match(/authorization violation/i);
    expect(refused.output).to.not.include('wrong');
    expect(await refused.stop()).to.equal(0);
    const router = await RouterProcess.start(closing, config(pass));
    await router.said('subscriber-started');
    const connection = await connect({ servers: `127.0.0.1:${nats.port}`, user, pass, reconnect: false });
    closing(() => connection.close());
    connection.publish('router.register', JSON.stringify({ uris: ['app.test'], host: '127.0.0.1', port: 1 }));
    await router.knowsRoutes(1);
    expect(router.output).to.not.include(pass);
  });

  describe('with TLS', () => {
    let ca: KeyPair;
    let server: KeyPair;
    let client: KeyPair;
    let stranger: KeyPair;

    before(async () => {
      ca = await makeCa();
      server = await makeCert({ ca, cn: 'nats', san: ['IP:127.0.0.1', 'DNS:localhost'] });
      client = await makeCert({ ca, cn: 'router', client: true });
      stranger = await makeCa('stranger');
    });

    async function start(
      trusted: string,
      pair: KeyPair,
    ): Promise<{ nats: NatsServer; router: RouterProcess }> {
      const folder = await mkdtemp(join(tmpdir(), 'nats-tls-'));
      closing(() => rm(folder, { recursive: true, force: true }));
      for (const [name, text] of Object.entries({ cert: server.cert, key: server.key, ca: ca.cert })) {
        await writeFile(join(folder, name), text);
      }
      const tls = `cert_file: "${folder}/cert", key_file: "${folder}/key", ca_file: "${folder}/ca", verify: true`;
      const nats = await NatsServer.start(closing, { config: `tls: {${tls}}` });
      const router = await RouterProcess.start(
        closing,
        `nats: ${JSON.stringify({
          hosts: [{ hostname: 'localhost', port: nats.port }],
          tls_enabled: true,
          ca_certs: trusted,
          cert_chain: pair.cert,
          private_key: pair.key,
        })}`,
      );
      return { nats, router };
    }

    it('hears of routes from a server that wants its certificate', async () => {
      const { nats, router } = await start(ca.cert, client);
      await router.said('subscriber-started');
      const connection = await connect({
        servers: `127.0.0.1:${nats.port}`,
        tls: { ca: ca.cert, cert: client.cert, key: client.key },
        reconnect: false,
      });
      closing(() => connection.close());
      connection.publish(
        'router.register',
        JSON.stringify({ uris: ['app.test'], host: '127.0.0.1', port: 1 }),
      );
      await router.knowsRoutes(1);
    });

    it('does not talk to a server that it cannot trust, and says why', async () => {
      const { router } = await start(stranger.cert, client);
      const line = await router.said('nats-connection-error');
      expect(String(line.data.error)).to.match(/certificate/i);
      expect(await router.health()).to.equal(200);
      expect(router.lines.find(({ message }) => message === 'subscriber-started')).to.equal(undefined);
    });
  });

  describe('with the embedded bus', () => {
    const EMBEDDED = 'nats: {embedded: {port: 0}}';

    it('serves what NATS clients tell it, and answers their greeting', async () => {
      const router = await RouterProcess.start(closing, EMBEDDED);
      const { port: busPort } = (await router.said('embedded-bus-listening')).data as { port: number };
      const emitter = await RouteEmitter.start(closing, busPort, router);
      const { port } = await HttpBackend.start(closing, 'good');
      const greeted = await emitter.connection.request('router.greet', '', { timeout: 30_000 });
      expect(greeted.json()).to.include({ pruneThresholdInSeconds: 120 });
      emitter.register({ uris: ['app.test'], port });
      await emitter.settled();
      expect((await get(router, 'app.test')).body).to.equal('good');
      emitter.unregister({ uris: ['app.test'], port });
      await emitter.settled();
      expect((await get(router, 'app.test')).status).to.equal(404);
    });

    it('is on loopback unless told otherwise', async () => {
      const router = await RouterProcess.start(closing, EMBEDDED);
      expect((await router.said('embedded-bus-listening')).data).to.include({ host: '127.0.0.1' });
    });

    it('asks for the configured user and password', async () => {
      const router = await RouterProcess.start(closing, 'nats: {embedded: {port: 0}, user: u, pass: p}');
      const { port } = (await router.said('embedded-bus-listening')).data as { port: number };
      await router.said('subscriber-started');
      const servers = `127.0.0.1:${port}`;
      const refused = await connect({ servers, reconnect: false }).catch((error: unknown) => error);
      expect(String(refused)).to.match(/authorization/i);
      const connection = await connect({ servers, user: 'u', pass: 'p', reconnect: false });
      closing(() => connection.close());
    });

    it('passes on what registers in one burst', async () => {
      const router = await RouterProcess.start(closing, EMBEDDED);
      const { port: busPort } = (await router.said('embedded-bus-listening')).data as { port: number };
      const emitter = await RouteEmitter.start(closing, busPort, router);
      for (let i = 0; i < 5_000; i += 1) emitter.register({ uris: [`app-${i}.test`], port: 1 });
      await emitter.settled();
      await router.knowsRoutes(5_000);
    });

    it('ends the start with a line and exit code 1 when its port is taken', async () => {
      const taken = createServer().listen(0, '127.0.0.1');
      closing(() => taken.close());
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      const router = await RouterProcess.make(closing, `nats: {embedded: {port: ${port}}}`);
      await router.launch();
      expect(await router.ended()).to.equal(1);
      expect(router.output).to.match(new RegExp(`address already in use.*:${port}`));
    });
  });
});

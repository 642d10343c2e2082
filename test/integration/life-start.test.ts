import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { BusClient } from '../support/bus-client.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { descendants } from '../support/process-tree.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { runTurnout } from '../support/run-turnout.ts';
import { until } from '../support/until.ts';

const natsAt = (port: number): string => `nats: {hosts: [{hostname: 127.0.0.1, port: ${port}}]}`;
/** Nobody answers there, and nobody has to. */
const NO_NATS = natsAt(1);

describe('the start of a router', () => {
  const closing = closingAfterEach();

  /** A port that was free a moment ago. */
  const freePort = async (): Promise<number> => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  };

  /** Listens as another program would, without SO_REUSEPORT. */
  const occupy = async (port = 0): Promise<number> => {
    const server = createServer().listen(port);
    closing(() => server.close());
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  const refuses = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(false);
      });
      socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
    });

  const isAlive = async (router: RouterProcess): Promise<number> => {
    const path = '/is-process-alive-do-not-use-for-loadbalancing';
    return (await fetch(`http://127.0.0.1:${router.healthPort}${path}`)).status;
  };

  it('keeps the listeners closed for a while without a snapshot, and hears registrations meanwhile', async () => {
    const nats = await NatsServer.start(closing);
    const backend = await HttpBackend.start(closing, 'one');
    const router = await RouterProcess.make(
      closing,
      // Never over while the test looks, however busy the machine.
      `${natsAt(nats.port)}\nstart_response_delay_interval: 600s`,
    );
    router.port = await freePort();
    await router.launch();
    await router.said('subscriber-started');
    const bus = await BusClient.connect(closing, nats.port);
    await bus.register({ uris: ['app.example.com'], port: backend.port });
    await until(
      async () =>
        (await router.status('/workers')).every(({ routes, state }) => routes === 1 && state === 'ready'),
      'the route in both workers',
    );
    expect(router.last('tcp-listener-started')).to.equal(undefined);
    expect(await router.health()).to.equal(503);
    expect(await isAlive(router)).to.equal(200);
    expect(await refuses(router.port)).to.equal(true);
  });

  it('opens them when the while is over, and is healthy then', async () => {
    const nats = await NatsServer.start(closing);
    const backend = await HttpBackend.start(closing, 'one');
    const router = await RouterProcess.make(
      closing,
      `${natsAt(nats.port)}\nstart_response_delay_interval: 2s`,
    );
    await router.launch();
    const bus = await BusClient.connect(closing, nats.port);
    await router.said('subscriber-started');
    await bus.register({ uris: ['app.example.com'], port: backend.port });
    const { timestamp: fromS } = await router.said(
      'Sleeping before returning success on /health endpoint to preload routing table',
    );
    const { data, timestamp: toS } = await router.said('tcp-listener-started');
    expect(toS - fromS).to.be.at.least(1.99);
    await router.said('gorouter.started');
    expect(await router.health()).to.equal(200);
    await router.knowsRoutes(1);
    router.port = (data.address as { Port: number }).Port;
    expect(await get(router, 'app.example.com')).to.include({ status: 200, body: 'one' });
  });

  it('listens at once with a snapshot', async () => {
    const nats = await NatsServer.start(closing);
    const backend = await HttpBackend.start(closing, 'one');
    const config = natsAt(nats.port);
    const first = await RouterProcess.start(closing, config);
    const bus = await BusClient.connect(closing, nats.port);
    await bus.register({ uris: ['app.example.com'], port: backend.port });
    await first.knowsRoutes(1);
    expect(await first.stop()).to.equal(0);
    await nats.stop();
    // A pause that no test would sit out.
    const snapshot = `snapshot: {path: ${join(first.folder, 'snapshot.db')}}`;
    const router = await RouterProcess.start(
      closing,
      `${config}\nstart_response_delay_interval: 60s\n${snapshot}`,
    );
    expect(await get(router, 'app.example.com')).to.include({ status: 200, body: 'one' });
    expect(await router.health()).to.equal(200);
  });

  it('takes the number of workers and the port from the command line', async () => {
    const router = await RouterProcess.make(closing, NO_NATS);
    const port = await freePort();
    await router.start(['--worker-count', '3', '--port', String(port)]);
    expect(router.port).to.equal(port);
    expect(await router.status('/workers')).to.have.lengthOf(3);
    expect(await get(router, 'unknown.example.com')).to.include({ status: 404 });
    expect(descendants(router.pid)).to.have.lengthOf(3);
  });

  it('is said in the order of gorouter, each line once', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.make(
      closing,
      `${natsAt(nats.port)}\nzone: z1\nisolation_segments: [is1]\nstart_response_delay_interval: 1s`,
    );
    await router.start();
    const names = [
      'starting',
      'local-az-set',
      'retrieved-isolation-segments',
      'setting-up-nats-connection',
      'Successfully-connected-to-nats',
      'subscriber-starting',
      'subscriber-started',
      'tcp-listener-started',
      'tls-listener-not-enabled',
      'gorouter.started',
    ];
    const said = router.lines.map(({ message }) => message).filter((message) => names.includes(message));
    expect(said).to.deep.equal(names);
    expect(router.last('local-az-set')?.data).to.deep.equal({ AvailabilityZone: 'z1' });
    expect(router.last('retrieved-isolation-segments')?.data).to.deep.equal({
      isolation_segments: ['is1'],
      routing_table_sharding_mode: 'all',
    });
  });

  it('ends at once with 0 on SIGTERM in the pause', async () => {
    const router = await RouterProcess.make(closing, `${NO_NATS}\nstart_response_delay_interval: 600s`);
    await router.launch();
    await router.said('Sleeping before returning success on /health endpoint to preload routing table');
    const workers = descendants(router.pid);
    // The pause is longer than the patience of any test.
    expect(await router.stop()).to.equal(0);
    expect(router.last('gorouter.started')).to.equal(undefined);
    expect(router.last('gorouter.exited')).to.not.equal(undefined);
    for (const pid of workers) expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });

  it('ends with 0 on SIGTERM while its workers are being loaded', async () => {
    const router = await RouterProcess.make(closing, NO_NATS);
    await router.launch();
    expect(await router.stop()).to.equal(0);
    expect(router.output).to.not.include('exited-with-failure');
  });

  it('ends with 1 on a wrong configuration, before anything listens', async () => {
    const folder = (await RouterProcess.make(closing, '')).folder;
    const file = join(folder, 'wrong.yml');
    const port = await occupy(); // taken: had it tried to listen, it would have said so
    await writeFile(file, `port: ${port}\nbalancing_algorithm: fastest\n`);
    const { exitStatus, stdout } = await runTurnout(['-c', file]);
    expect(exitStatus).to.equal(1);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { message: string; data: { error: string } });
    expect(lines.map(({ message }) => message)).to.deep.equal(['Error loading config:']);
    expect(lines[0]?.data.error).to.include('Invalid global load balancing algorithm fastest');
  });

  describe('fails with 1 and a line that names the culprit when', () => {
    it('the traffic port is taken', async () => {
      const router = await RouterProcess.make(closing, NO_NATS);
      router.port = await occupy();
      await router.spawn();
      expect(await router.ended()).to.equal(1);
      expect(router.last('tcp-listener-error')?.data).to.deep.equal({
        error: `listen tcp :${router.port}: bind: address already in use`,
      });
      expect(router.last('gorouter.started')).to.equal(undefined);
    });

    it('the status port is taken', async () => {
      const router = await RouterProcess.make(closing, NO_NATS);
      Object.assign(router, { keepsStatusPorts: true, healthPort: await occupy() });
      await router.spawn();
      expect(await router.ended()).to.equal(1);
      expect(router.last('initialize-router-error')?.data).to.deep.equal({
        error: `listen tcp 0.0.0.0:${router.healthPort}: bind: address already in use`,
      });
    });

    it('the access log cannot be opened', async () => {
      const router = await RouterProcess.make(closing, `${NO_NATS}\naccess_log: {file: /nowhere/access.log}`);
      await router.spawn();
      expect(await router.ended()).to.equal(1);
      expect(String(router.last('error-creating-accesslog-file')?.data.error)).to.include(
        'access_log.file /nowhere/access.log: its directory does not exist',
      );
      expect(router.last('status-listening'), 'nothing listened').to.equal(undefined);
    });

    it('the embedded bus cannot listen', async () => {
      const port = await occupy();
      const router = await RouterProcess.make(closing, `nats: {embedded: {port: ${port}}}`);
      await router.spawn();
      expect(await router.ended()).to.equal(1);
      expect(router.last('gorouter.exited-with-failure')?.data.error).to.include(String(port));
    });

    it('the same router runs already, which goes on unharmed', async () => {
      const first = await RouterProcess.start(closing, NO_NATS);
      const snapshot = `snapshot: {path: ${join(first.folder, 'snapshot.db')}}`;
      const second = await RouterProcess.make(
        closing,
        `${NO_NATS}\n${snapshot}\naccess_log: {file: ${first.accessLog}}`,
      );
      Object.assign(second, {
        keepsStatusPorts: true,
        port: first.port,
        healthPort: first.healthPort,
        routesPort: first.routesPort,
      });
      const workers = descendants(first.pid);
      await second.spawn();
      expect(await second.ended()).to.equal(1);
      expect(second.last('initialize-router-error')?.data.error).to.include('bind: address already in use');
      expect(descendants(first.pid)).to.have.members(workers);
      for (let i = 0; i < 10; i += 1) expect((await get(first, 'unknown.example.com')).status).to.equal(404);
      expect(first.output).to.not.include('snapshot-store-failing');
    });
  });
});

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { BusClient } from '../support/bus-client.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import type { KeptConnection } from '../support/kept-connection.ts';
import { NatsServer } from '../support/nats-server.ts';
import { get } from '../support/router-client.ts';
import { type RouterOptions, RouterProcess } from '../support/router-process.ts';
import { SlowBackend } from '../support/slow-backend.ts';
import { Traffic } from '../support/traffic.ts';
import { until } from '../support/until.ts';
import { connectionsToEachWorker } from '../support/worker-connections.ts';

const HOST = 'app.example.com';
const PRELOAD = new URL('../support/preload-misfortune.mjs', import.meta.url).href;

describe('the workers of a router', () => {
  const closing = closingAfterEach();
  let bus: BusClient;
  let router: RouterProcess;
  let backend: HttpBackend;

  const start = async (config = '', options: RouterOptions = {}): Promise<void> => {
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}\n${config}`,
      options,
    );
    bus = await BusClient.connect(closing, nats.port);
    backend = await HttpBackend.start(closing, 'one');
    await bus.register({ uris: [HOST], port: backend.port });
    await router.knowsRoutes(1);
  };

  /** One kept connection to each of two workers, and the pids of these. */
  const bothWorkers = async () => {
    const connections = await connectionsToEachWorker(closing, router);
    const workers = await router.status('/workers');
    return workers.map(({ pid, id }, i) => ({ pid, id, connection: connections[i]?.[0] as KeptConnection }));
  };

  const deaths = () => router.lines.filter(({ message }) => /^worker-(died|crash-loop)$/u.test(message));

  it('are replaced when killed: the other serves on, the new one has the whole table, no count is lost', async () => {
    await start();
    const uris = Array.from({ length: 50 }, (_, i) => `app-${i}.example.com`);
    await bus.register({ uris, port: backend.port });
    const slow = await SlowBackend.start(closing);
    await bus.register({ uris: ['slow.example.com'], port: slow.port });
    await router.knowsRoutes(52);
    const [victim, other] = await bothWorkers();
    const inFlight = [victim, other].map((worker) => worker!.connection.get('slow.example.com'));
    const failed = inFlight[0]!.then(
      () => undefined,
      (error: Error) => error.message,
    );
    await until(() => slow.waiting.length === 2, 'both requests at the backend');
    const counted = await until(async () => {
      // Those in flight are counted as requests when they end.
      const { requests } = await router.status('/varz');
      const workers = await router.status('/workers');
      return workers.reduce((sum, worker) => sum + worker.requests, 0) === requests ? requests : undefined;
    }, 'the figures');

    process.kill(victim!.pid, 'SIGKILL');
    await router.said('worker-died', ({ data }) => data.pid === victim!.pid && data.signal === 'SIGKILL');
    expect(await failed).to.match(/ECONNRESET|socket hang up/u);
    slow.waiting[1]!.res.end('finished');
    slow.waiting[0]!.res.end('finished');
    expect(await inFlight[1]).to.include({ status: 200, body: 'finished' });

    const listening = await router.said('worker-listening', ({ data }) => data.worker === 3);
    expect(listening.data.port).to.equal(router.port);
    const [first, second] = await router.status('/workers');
    expect([first, second].map((worker) => worker!.id)).to.have.members([other!.id, 3]);
    expect(first!.checksum).to.equal(second!.checksum);
    expect(first!.acked_sequence).to.equal(second!.acked_sequence);
    expect(await router.health()).to.equal(200);
    // It takes its part, at all of the routes.
    for (const uri of uris) expect(await get(router, uri)).to.include({ status: 200 });
    await until(
      async () =>
        (await router.status('/workers')).every(({ routes, requests }) => routes === 52 && requests > 0),
      'requests in the new worker',
    );
    // Those of the dead are in it: 50 just now, and the one that was in flight.
    await until(
      async () => (await router.status('/varz')).requests === Number(counted) + 51,
      'the sum over the living and the dead',
    );
    expect(await router.stop()).to.equal(0);
  });

  it('fail no other requests than their own when killed under traffic', async () => {
    await start('workers: {count: 2}');
    const workers = await bothWorkers();
    const traffic = Traffic.start(closing, { port: router.port, host: HOST, fresh: 2, kept: 8 });
    await until(() => traffic.answered > 200, 'traffic');
    process.kill(workers[0]!.pid, 'SIGKILL');
    await router.said('worker-listening', ({ data }) => data.worker === 3);
    const before = traffic.answered;
    await until(() => traffic.answered > before + 200, 'more traffic');
    await traffic.stop();
    // One for each client at most: a connection, or the request that was on it, is lost once.
    expect(traffic.failures.length, traffic.failures.join('\n')).to.be.at.most(10);
    for (const failure of traffic.failures) expect(failure).to.match(/ECONNRESET|socket hang up/u);
    // The connection to the other worker noticed nothing.
    expect(await workers[1]!.connection.get(HOST)).to.include({ status: 200 });
  });

  it('leave the router unhealthy while there is none, and healthy again after', async () => {
    const file = 'misfortune';
    const folder = (await RouterProcess.make(closing, '')).folder;
    await start('workers: {count: 1}', {
      env: { NODE_OPTIONS: `--import=${PRELOAD}`, MISFORTUNE: join(folder, file) },
    });
    await writeFile(join(folder, file), '');
    const [worker] = await router.status('/workers');
    process.kill(worker!.pid, 'SIGKILL');
    await router.said('worker-died');
    await until(async () => (await router.health()) === 503, 'health being 503');
    await rm(join(folder, file));
    await until(async () => (await router.health()) === 200, 'health being 200');
    expect(await get(router, HOST)).to.include({ status: 200 });
    // Not news: it is said once.
    expect(router.lines.filter(({ message }) => message === 'gorouter.started')).to.have.lengthOf(1);
    const monitor = { 'user-agent': 'HTTP-Monitor/1.1' };
    expect((await get(router, HOST, '/', monitor)).status).to.equal(200);
  });

  it('are started ever more rarely when they die again and again, with one error line', async () => {
    const folder = (await RouterProcess.make(closing, '')).folder;
    const misfortune = join(folder, 'misfortune');
    await start('', { env: { NODE_OPTIONS: `--import=${PRELOAD}`, MISFORTUNE: misfortune } });
    const [victim, other] = await bothWorkers();
    await writeFile(misfortune, '');
    process.kill(victim!.pid, 'SIGKILL');
    await until(() => deaths().length === 6, 'the sixth death');
    const delays = deaths().map(({ data }) => Number(data.next_start_ms));
    // At once after the first; then 100, 200, 400, 800, 1600 ms, of which jitter takes up to a half.
    expect(delays[0]).to.equal(0);
    for (const [i, full] of [100, 200, 400, 800, 1600].entries()) {
      expect(delays[i + 1]).to.be.within(full / 2, full);
    }
    expect(deaths().map(({ message }) => message)).to.deep.equal([
      'worker-died',
      'worker-died',
      'worker-crash-loop',
      'worker-died',
      'worker-died',
      'worker-died',
    ]);
    expect(router.last('worker-crash-loop')?.log_level).to.equal(3);
    expect(deaths()[5]?.data.code).to.equal(7);
    expect(await other!.connection.get(HOST)).to.include({ status: 200 });
    expect(await router.health()).to.equal(200);
    await rm(misfortune);
    await router.knowsRoutes(1);
    await until(async () => (await router.status('/workers')).length === 2, 'a worker that lives');
    expect(await router.stop()).to.equal(0);
  });

  it('do not keep the router from starting when one of them dies at every start', async () => {
    const folder = (await RouterProcess.make(closing, '')).folder;
    const misfortune = join(folder, 'misfortune');
    await writeFile(misfortune, '');
    router = await RouterProcess.make(closing, 'nats: {hosts: [{hostname: 127.0.0.1, port: 1}]}', {
      env: { NODE_OPTIONS: `--import=${PRELOAD}`, MISFORTUNE: misfortune },
    });
    await router.launch();
    await router.said('worker-crash-loop');
    expect(await router.health()).to.equal(503);
    expect(router.last('gorouter.started')).to.equal(undefined);
    await rm(misfortune);
    await router.said('gorouter.started');
    expect(await router.health()).to.equal(200);
    expect(await router.stop()).to.equal(0);
  });

  it('are replaced when they throw where nobody catches, with a line that says what', async () => {
    await start('', { env: { NODE_OPTIONS: `--import=${PRELOAD}` } });
    const [victim] = await router.status('/workers');
    process.kill(victim!.pid, 'SIGUSR2');
    const { data, log_level: level } = await router.said('worker-crashed');
    expect(level).to.equal(3);
    expect(data.error).to.equal('a misfortune');
    expect(data.stacktrace).to.include('preload-misfortune.mjs');
    const died = await router.said('worker-died');
    expect(died.data).to.include({ pid: victim!.pid, code: 1 });
    await router.said('worker-listening', (line) => line.data.worker === 3);
  });

  it('are tried again when the system has no room for another', async () => {
    await start();
    const [victim] = await router.status('/workers');
    const open = readdirSync(`/proc/${router.pid}/fd`).length;
    const limit = (soft: number | string) =>
      execFileSync('prlimit', ['--pid', String(router.pid), `--nofile=${soft}:`]);
    limit(open - 8);
    process.kill(victim!.pid, 'SIGKILL');
    await router.said('worker-died', ({ data }) => String(data.error ?? '').includes('EMFILE'));
    limit(1024);
    await until(
      () =>
        router.lines.findLast(
          ({ message, data }) => message === 'worker-listening' && Number(data.worker) > 2,
        ),
      'the replacement',
    );
    await router.knowsRoutes(1);
    expect(await router.stop()).to.equal(0);
  });

  it('outlive a time without a descriptor left', async () => {
    await start('workers: {count: 1}');
    const [worker] = await router.status('/workers');
    const path = `/proc/${worker!.pid}/fd`;
    const limit = readdirSync(path).length + 5;
    execFileSync('prlimit', ['--pid', String(worker!.pid), `--nofile=${limit}:`]);
    const sockets = Array.from({ length: 40 }, () => connect(router.port, '127.0.0.1').on('error', () => {}));
    closing(() => {
      for (const socket of sockets) socket.destroy();
    });
    await until(() => readdirSync(path).length >= limit - 1, 'no descriptor being left');
    // It makes its figures meanwhile, as it does once a second.
    await until(async () => {
      const [now] = (await router.status('/workers')) as unknown as { connections: number }[];
      return (now?.connections ?? 0) >= 5;
    }, 'the figures');
    for (const socket of sockets) socket.destroy();
    await until(() => readdirSync(path).length < limit, 'descriptors being free');
    expect(await get(router, HOST)).to.include({ status: 200 });
    expect(deaths()).to.deep.equal([]);
  });

  it('listen each by itself where the system lets them, and share the connections', async () => {
    await start();
    const modes = router.lines
      .filter(({ message }) => message === 'worker-listening')
      .map(({ data }) => data.mode);
    expect(modes).to.deep.equal(['reuse-port', 'reuse-port']);
    for (let i = 0; i < 60; i += 1) await get(router, HOST);
    const spread = await until(async () => {
      const counts = (await router.status('/workers')).map(({ requests }) => requests);
      return counts.reduce((sum, count) => sum + count, 0) === 60 ? counts : undefined;
    }, 'all requests in the figures');
    // The kernel's hash over 60 source ports: all on one side happens once in 2^59 times.
    for (const count of spread) expect(count).to.be.above(0);
  });

  it('share one listener when told to, port 0 and replacements included', async () => {
    await start('workers: {count: 2, listener: shared}');
    const modes = router.lines
      .filter(({ message }) => message === 'worker-listening')
      .map(({ data }) => data);
    expect(modes.map(({ mode }) => mode)).to.deep.equal(['shared-handle', 'shared-handle']);
    expect(modes.map(({ port }) => port)).to.deep.equal([router.port, router.port]);
    for (let i = 0; i < 20; i += 1) expect(await get(router, HOST)).to.include({ status: 200 });
    const [victim] = await router.status('/workers');
    process.kill(victim!.pid, 'SIGKILL');
    const { data } = await router.said('worker-listening', (line) => line.data.worker === 3);
    expect(data).to.include({ mode: 'shared-handle', port: router.port });
    for (let i = 0; i < 20; i += 1) expect(await get(router, HOST)).to.include({ status: 200 });
    expect(await router.stop()).to.equal(0);
  });
});

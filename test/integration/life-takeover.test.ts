import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { BusClient } from '../support/bus-client.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { descendants, isAlive } from '../support/process-tree.ts';
import { RawClient } from '../support/raw-client.ts';
import { get } from '../support/router-client.ts';
import { type RouterOptions, RouterProcess } from '../support/router-process.ts';
import { SlowBackend } from '../support/slow-backend.ts';
import { Traffic } from '../support/traffic.ts';
import { until } from '../support/until.ts';

const HOST = 'app.example.com';
const PRELOAD = new URL('../support/preload-misfortune.mjs', import.meta.url).href;

describe('a router whose primary process is lost', () => {
  const closing = closingAfterEach();
  let bus: BusClient;
  let router: RouterProcess;
  let workers: number[];

  const start = async (config: string, options: RouterOptions = {}): Promise<void> => {
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.make(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}\nprune_stale_droplets_interval: 1s\n${config}`,
      options,
    );
    await router.start();
    workers = descendants(router.pid);
    bus = await BusClient.connect(closing, nats.port);
    const backend = await HttpBackend.start(closing, 'one');
    await bus.register({ uris: [HOST], port: backend.port });
    await router.knowsRoutes(1);
    // What the next life starts from.
    await until(async () => {
      const { store } = (await router.status('/varz')) as { store: { last_saved_ms_ago: number } };
      return store.last_saved_ms_ago >= 0;
    }, 'the snapshot');
  };

  const killPrimary = async (): Promise<void> => {
    router.signal('SIGKILL');
    expect(await router.ended()).to.equal('SIGKILL');
    // On the same ports, as an init system would start it.
    router.keepsStatusPorts = true;
  };

  const gone = (pids: readonly number[]): Promise<boolean> =>
    until(() => pids.every((pid) => !isAlive(pid)), 'the end of the workers');

  it('fails no request while another takes over, and the workers left over end when told to', async () => {
    await start('workers: {count: 2, orphan_grace: 600s}\nstart_response_delay_interval: 1s');
    const traffic = Traffic.start(closing, { port: router.port, host: HOST, fresh: 2, kept: 6, pauseMs: 10 });
    await until(() => traffic.answered > 50, 'traffic');
    await killPrimary();
    await until(
      () => router.lines.filter(({ message }) => message === 'primary-gone').length === 2,
      'orphans',
    );
    const orphans = workers;
    const atDeath = traffic.answered;
    await until(() => traffic.answered > atDeath + 50, 'traffic without a primary');
    await router.start();
    expect(router.last('snapshot-restored')?.data).to.include({ routes: 1, endpoints: 1 });
    expect(router.output).to.not.include('snapshot-store-failing').and.not.include('snapshot-not-restored');
    expect(orphans.every(isAlive), 'two generations at once').to.equal(true);
    for (const pid of orphans) process.kill(pid, 'SIGTERM');
    await gone(orphans);
    const afterwards = traffic.answered;
    await until(() => traffic.answered > afterwards + 50, 'traffic at the new workers');
    await traffic.stop();
    expect(traffic.failures).to.deep.equal([]);
    expect(await router.health()).to.equal(200);
    expect(await router.stop()).to.equal(0);
    // Of both generations, each request once.
    const text = await readFile(router.accessLog, 'utf8');
    const logged = text.match(/"GET \/\d+ HTTP\/1\.1" 200/gu) ?? [];
    expect(logged).to.have.lengthOf(traffic.answered);
    expect(new Set(logged).size).to.equal(traffic.answered);
  });

  it('serves on for orphan_grace, then finishes what runs and is gone', async () => {
    await start('workers: {count: 2, orphan_grace: 4s}');
    const slow = await SlowBackend.start(closing);
    await bus.register({ uris: ['slow.example.com'], port: slow.port });
    await router.knowsRoutes(2);
    await killPrimary();
    const { data } = await router.said('primary-gone');
    expect(data).to.deep.equal({ serving_on_ms: 4_000 });
    expect(await get(router, HOST)).to.include({ status: 200 });
    const client = await RawClient.connect(router.port, closing);
    await client.send('GET /slow HTTP/1.1\r\nHost: slow.example.com\r\n\r\n');
    const { res } = await until(() => slow.waiting[0], 'the request');
    // The one without a request goes first.
    await until(() => workers.some((pid) => !isAlive(pid)), 'the end of the idle worker');
    await until(
      () =>
        get(router, HOST).then(
          () => false,
          (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
        ),
      'no listener being left',
    );
    res.end('done');
    const answer = await client.response();
    expect(answer.body.toString()).to.equal('done');
    expect(answer.header('connection')).to.equal('close');
    await gone(workers);
    const text = await readFile(router.accessLog, 'utf8');
    expect(text).to.include('"GET /slow HTTP/1.1" 200');
  });

  it('ends earlier on SIGTERM to its workers, which finish what runs', async () => {
    await start('workers: {count: 2, orphan_grace: 600s}\ndrain_timeout: 600s');
    const slow = await SlowBackend.start(closing);
    await bus.register({ uris: ['slow.example.com'], port: slow.port });
    await router.knowsRoutes(2);
    const clients = await Promise.all([1, 2].map(() => RawClient.connect(router.port, closing)));
    for (const client of clients) await client.send('GET /slow HTTP/1.1\r\nHost: slow.example.com\r\n\r\n');
    await until(() => slow.waiting.length === 2, 'the requests');
    // SIGTERM alone is the primary's to act on.
    for (const pid of workers) process.kill(pid, 'SIGTERM');
    expect(await get(router, HOST)).to.include({ status: 200 });
    await killPrimary();
    // As an init system that sweeps up behind its main process.
    router.signalGroup('SIGTERM');
    slow.waiting[0]!.res.end('done');
    slow.waiting[1]!.res.end('done');
    for (const client of clients) expect((await client.response()).body.toString()).to.equal('done');
    await gone(workers);
  });

  it('says why when it was a failure of its own, exits 1, and the workers serve on', async () => {
    await start('workers: {count: 2, orphan_grace: 4s}', { env: { NODE_OPTIONS: `--import=${PRELOAD}` } });
    process.kill(router.pid, 'SIGUSR2');
    const { data } = await router.said('gorouter.exited-with-failure');
    expect(data.error).to.equal('a misfortune');
    expect(data.stacktrace).to.include('preload-misfortune.mjs');
    await until(() => !isAlive(router.pid), 'the end of the primary');
    expect(await get(router, HOST)).to.include({ status: 200 });
    await gone(workers);
    expect(await router.ended()).to.equal(1);
  });

  it('leaves no worker behind that does not listen yet', async () => {
    router = await RouterProcess.make(
      closing,
      'nats: {hosts: [{hostname: 127.0.0.1, port: 1}]}\nstart_response_delay_interval: 600s',
    );
    await router.launch();
    await until(async () => {
      const ready = await router.status('/workers');
      return ready.length === 2 && ready.every(({ state }) => state === 'ready');
    }, 'two workers');
    workers = descendants(router.pid);
    await killPrimary();
    await gone(workers);
  });

  it('gives every request its answer while the primary is stopped, and is not the worse for it after', async () => {
    await start('workers: {count: 2}\nbackends: {max_attempts: 3}');
    const traffic = Traffic.start(closing, { port: router.port, host: HOST, fresh: 2, kept: 4 });
    router.signal('SIGSTOP');
    await until(
      async () => (await readFile(`/proc/${router.pid}/stat`, 'utf8')).includes(') T '),
      'the primary being stopped',
    );
    const before = traffic.answered;
    await until(() => traffic.answered > before + 300, 'traffic');
    router.signal('SIGCONT');
    await bus.register({ uris: ['new.example.com'], port: 1 });
    await router.knowsRoutes(2);
    await traffic.stop();
    expect(traffic.failures).to.deep.equal([]);
    expect(await router.stop()).to.equal(0);
  });
});

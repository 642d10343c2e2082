import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { BusClient } from '../support/bus-client.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouterProcess } from '../support/router-process.ts';
import { Traffic } from '../support/traffic.ts';
import { until } from '../support/until.ts';

const HOST = 'app.example.com';
const ROTATIONS = 3;

describe('the access log of several workers', () => {
  const closing = closingAfterEach();

  it('goes on in a new file on SIGHUP, with no line lost, doubled or cut', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}\nworkers: {count: 3}`,
    );
    const bus = await BusClient.connect(closing, nats.port);
    const { port } = await HttpBackend.start(closing, 'one');
    await bus.register({ uris: [HOST], port });
    await router.knowsRoutes(1);
    const traffic = Traffic.start(closing, { port: router.port, host: HOST, fresh: 4, kept: 4, pauseMs: 1 });
    const files = Array.from({ length: ROTATIONS }, (_, i) => join(router.folder, `access.log.${i}`));
    const written = () =>
      until(
        async () => (await readFile(router.accessLog, 'utf8').catch(() => '')) !== '',
        'lines in the file',
      );
    for (const file of files) {
      await written();
      await rename(router.accessLog, file);
      router.signal('SIGHUP');
    }
    await written();
    const before = traffic.answered;
    await until(() => traffic.answered > before + 200, 'more traffic');
    await traffic.stop();
    expect(await router.stop()).to.equal(0);
    expect(traffic.failures).to.deep.equal([]);

    const texts = await Promise.all([...files, router.accessLog].map((file) => readFile(file, 'utf8')));
    const lines = texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
    const logged = lines.map((line) => {
      const [, path] =
        /^app\.example\.com - \[.+?\] "GET (\/\d+) HTTP\/1\.1" 200 .* x_cf_routererror:"-"$/u.exec(line) ??
        [];
      expect(path, line).to.not.equal(undefined);
      return path;
    });
    expect(logged).to.have.lengthOf(traffic.answered);
    expect(new Set(logged)).to.deep.equal(new Set(traffic.paths));
  });

  it('has the lines of a worker that crashed', async () => {
    const preload = new URL('../support/preload-misfortune.mjs', import.meta.url).href;
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}\nworkers: {count: 1}`,
      { env: { NODE_OPTIONS: `--import=${preload}` } },
    );
    const bus = await BusClient.connect(closing, nats.port);
    const { port } = await HttpBackend.start(closing, 'one');
    await bus.register({ uris: [HOST], port });
    await router.knowsRoutes(1);
    const traffic = Traffic.start(closing, { port: router.port, host: HOST, fresh: 0, kept: 1, pauseMs: 0 });
    await until(() => traffic.answered >= 20, 'some answers');
    await traffic.stop();
    const [worker] = await router.status('/workers');
    // Right away, before the line buffer is written by itself.
    process.kill(worker!.pid, 'SIGUSR2');
    await router.said('worker-crashed', ({ data }) => data.error === 'a misfortune');
    await router.said('worker-died');
    const text = await readFile(router.accessLog, 'utf8');
    expect(text.split('\n').filter((line) => line !== '')).to.have.lengthOf(traffic.answered);
  });
});

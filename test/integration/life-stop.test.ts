import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { BusClient } from '../support/bus-client.ts';
import { closingAfterEach } from '../support/closing.ts';
import { NatsServer } from '../support/nats-server.ts';
import { descendants, isAlive } from '../support/process-tree.ts';
import { RawClient } from '../support/raw-client.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { SlowBackend } from '../support/slow-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'app.example.com';

describe('the end of a router', () => {
  const closing = closingAfterEach();
  let bus: BusClient;
  let router: RouterProcess;
  let backend: SlowBackend;

  const start = async (config = ''): Promise<void> => {
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}\n${config}`,
    );
    bus = await BusClient.connect(closing, nats.port);
    backend = await SlowBackend.start(closing);
    await bus.register({ uris: [HOST], port: backend.port });
    await router.knowsRoutes(1);
  };

  const request = (path: string, head = ''): string => `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${head}\r\n`;

  const refused = async (): Promise<void> => {
    await until(
      () =>
        new Promise((resolve) => {
          const socket = connect(router.port, '127.0.0.1');
          socket.once('connect', () => {
            socket.destroy();
            resolve(false);
          });
          socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
        }),
      'new connections being refused',
    );
  };

  const accessLines = async (): Promise<string[]> => {
    const text = await readFile(router.accessLog, 'utf8');
    return text.split('\n').filter((line) => line !== '');
  };

  const stops: { name: string; send: () => void }[] = [
    { name: 'SIGTERM', send: () => router.signal('SIGTERM') },
    { name: 'SIGINT', send: () => router.signal('SIGINT') },
    { name: 'SIGINT to the whole process group', send: () => router.signalGroup('SIGINT') },
    { name: 'SIGTERM to the whole process group', send: () => router.signalGroup('SIGTERM') },
    { name: 'SIGUSR1', send: () => router.signal('SIGUSR1') },
  ];
  for (const { name, send } of stops) {
    it(`lets what runs finish after ${name}, and exits 0`, async () => {
      await start();
      const workers = descendants(router.pid);
      const kept = await RawClient.connect(router.port, closing);
      await kept.send(request('/before'));
      (await until(() => backend.waiting[0], 'the first request')).res.end('one');
      const before = await kept.response();
      expect(before.startLine).to.equal('HTTP/1.1 200 OK');
      expect(before.header('connection')).to.not.equal('close');

      const slow = await RawClient.connect(router.port, closing);
      await slow.send(request('/slow'));
      const upload = await RawClient.connect(router.port, closing);
      await upload.send(`POST /upload HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\n12345`);
      await kept.send(request('/kept'));
      await until(() => backend.waiting.length === 4, 'all requests');
      const find = (path: string) => backend.waiting.find(({ req }) => req.url === path)!;
      // Half of its answer is out before the end begins.
      find('/slow').res.write('first ');
      send();
      await refused();
      expect(await router.health()).to.equal(503);
      expect(router.last('gorouter.stopped')).to.equal(undefined);

      find('/slow').res.end('last');
      expect((await slow.response()).body.toString()).to.equal('first last');
      find('/kept').res.end('kept');
      const answer = await kept.response();
      expect(answer.body.toString()).to.equal('kept');
      expect(answer.header('connection')).to.equal('close');
      await upload.send('67890');
      const { req, res } = find('/upload');
      let body = '';
      for await (const chunk of req) body += String(chunk);
      res.end(`got ${body}`);
      expect((await upload.response()).body.toString()).to.equal('got 1234567890');

      expect(await router.ended()).to.equal(0);
      const lines = await accessLines();
      for (const path of ['GET /before', 'GET /slow', 'POST /upload', 'GET /kept']) {
        expect(
          lines.filter((line) => line.includes(`"${path} HTTP/1.1" 200`)),
          path,
        ).to.have.lengthOf(1);
      }
      for (const pid of workers) expect(isAlive(pid)).to.equal(false);
      const said = router.lines.map(({ message }) => message);
      const end = said.slice(said.findIndex((message) => message.startsWith('Draining with')));
      // Probes of `refused` may have been taken in once more.
      expect(end.splice(1, 1)[0]).to.match(/^Draining with \d+ outstanding idle connections$/u);
      expect(end).to.deep.equal([
        'Draining with 3 outstanding active connections',
        'gorouter.stopping',
        'gorouter.stopped',
        'gorouter.exited',
        'exited',
      ]);
      expect(said.includes('gorouter-draining')).to.equal(name === 'SIGUSR1');
    });
  }

  it('closes idle connections, and says how many there were', async () => {
    await start();
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(router.port, closing)));
    await until(async () => {
      const workers = (await router.status('/workers')) as unknown as { connections: number }[];
      return workers.reduce((sum, { connections }) => sum + connections, 0) === 3;
    }, 'the connections in the figures');
    router.signal('SIGTERM');
    await Promise.all(clients.map(({ socket }) => once(socket, 'close')));
    expect(await router.ended()).to.equal(0);
    expect(router.last('Draining with 3 outstanding idle connections')).to.not.equal(undefined);
  });

  it('cuts what still runs when the time for it is over, and exits 0', async () => {
    await start('drain_timeout: 700ms');
    const client = await RawClient.connect(router.port, closing);
    await client.send(request('/endless'));
    await until(() => backend.waiting.length === 1, 'the request');
    router.signal('SIGTERM');
    await once(client.socket, 'close');
    expect(await router.ended()).to.equal(0);
    const said = router.lines.map(({ message }) => message);
    expect(said).to.include('router.drain.timed-out');
    expect(router.last('gorouter-draining-error')?.data).to.deep.equal({ error: 'router: Drain timeout' });
    expect((await accessLines()).filter((line) => line.includes('GET /endless'))).to.have.lengthOf(1);
  });

  for (const second of ['SIGTERM', 'SIGINT'] as const) {
    it(`cuts at once on a second signal, ${second}, and exits 0`, async () => {
      await start('drain_timeout: 600s');
      const client = await RawClient.connect(router.port, closing);
      await client.send(request('/endless'));
      await until(() => backend.waiting.length === 1, 'the request');
      router.signal('SIGTERM');
      await refused();
      router.signal(second);
      await once(client.socket, 'close');
      expect(await router.ended()).to.equal(0);
      const said = router.lines.map(({ message }) => message);
      expect(said).to.include('gorouter.cut').and.not.include('router.drain.timed-out');
      // A worker that had to be killed would have taken its line along.
      expect((await accessLines()).filter((line) => line.includes('GET /endless'))).to.have.lengthOf(1);
    });
  }

  it('serves on for drain_wait after SIGUSR1, unhealthy at once', async () => {
    await start('drain_wait: 600s');
    const monitor = { 'user-agent': 'HTTP-Monitor/1.1' };
    expect((await get(router, HOST, '/', monitor)).status).to.equal(200);
    router.signal('SIGUSR1');
    const { data } = await router.said('gorouter-draining');
    expect(data).to.deep.equal({ wait_seconds: 600, timeout_seconds: 60 });
    expect(await router.health()).to.equal(503);
    await until(
      async () => (await get(router, HOST, '/', monitor)).status === 503,
      'unhealthy on the traffic port',
    );
    // New connections, keep-alive and registrations, all as before.
    await bus.register({ uris: ['new.example.com'], port: backend.port });
    await until(async () => Object.keys(await router.status('/routes')).length === 2, 'the new route');
    const client = await RawClient.connect(router.port, closing);
    await client.send(request('/during'));
    (await until(() => backend.waiting[0], 'the request')).res.end('served');
    const answer = await client.response();
    expect(answer.body.toString()).to.equal('served');
    expect(answer.header('connection')).to.not.equal('close');
    router.signal('SIGUSR1');
    await router.said(
      'gorouter.signal.ignored',
      ({ data: { signal } }) => signal === 'user defined signal 1',
    );
    expect(router.last('gorouter.stopping')).to.equal(undefined);
  });

  it('ends by itself when the drain_wait is over', async () => {
    await start('drain_wait: 1500ms');
    router.signal('SIGUSR1');
    expect(await router.ended()).to.equal(0);
    const [from, to] = [router.last('gorouter-draining'), router.last('gorouter.stopping')];
    expect(to!.timestamp - from!.timestamp).to.be.at.least(1.49);
  });

  it('cuts the drain_wait short on SIGTERM', async () => {
    await start('drain_wait: 600s\ndrain_timeout: 600s');
    const client = await RawClient.connect(router.port, closing);
    await client.send(request('/endless'));
    await until(() => backend.waiting.length === 1, 'the request');
    router.signal('SIGUSR1');
    await router.said('gorouter-draining');
    router.signal('SIGTERM');
    expect(await router.ended()).to.equal(0);
    expect((await accessLines()).filter((line) => line.includes('GET /endless'))).to.have.lengthOf(1);
  });

  it('replaces a worker that dies in the drain_wait', async () => {
    await start('drain_wait: 600s');
    router.signal('SIGUSR1');
    await router.said('gorouter-draining');
    const [victim] = await router.status('/workers');
    process.kill(victim!.pid, 'SIGKILL');
    await router.said('worker-died');
    await router.said('worker-listening', ({ data }) => data.worker === 3);
    const workers = await router.status('/workers');
    expect(workers.map(({ state }) => state)).to.deep.equal(['listening', 'listening']);
    expect(workers.map(({ pid }) => pid)).to.not.include(victim!.pid);
    expect(await router.stop()).to.equal(0);
  });

  it('is not held up by an open WebSocket, only by requests', async () => {
    // Of one worker: each ends when its own requests are done.
    await start('drain_timeout: 600s\nworkers: {count: 1}');
    const echo = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    closing(() => {
      for (const socket of echo.clients) socket.terminate();
      echo.close();
    });
    await once(echo, 'listening');
    echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data.toString())));
    await bus.register({ uris: ['ws.example.com'], port: (echo.address() as { port: number }).port });
    await router.knowsRoutes(2);
    const socket = new WebSocket(`ws://127.0.0.1:${router.port}/`, { headers: { host: 'ws.example.com' } });
    closing(() => socket.terminate());
    await once(socket, 'open');
    const client = await RawClient.connect(router.port, closing);
    await client.send(request('/slow'));
    const { res } = await until(() => backend.waiting[0], 'the request');
    router.signal('SIGTERM');
    await refused();
    // While a request runs the tunnel lives.
    socket.send('still here');
    const [echoed] = (await once(socket, 'message')) as [Buffer];
    expect(echoed.toString()).to.equal('still here');
    const closed = once(socket, 'close');
    res.end('done');
    expect((await client.response()).body.toString()).to.equal('done');
    await closed;
    expect(await router.ended()).to.equal(0);
    expect((await accessLines()).filter((line) => line.startsWith('ws.example.com'))).to.have.lengthOf(1);
  });
});

describe('signals that are not meant to end a router in order', () => {
  const closing = closingAfterEach();
  const NO_NATS = 'nats: {hosts: [{hostname: 127.0.0.1, port: 1}]}';

  it('SIGUSR2 and SIGPIPE do nothing, to the primary or its workers', async () => {
    const router = await RouterProcess.start(closing, NO_NATS);
    const workers = descendants(router.pid);
    for (const signal of ['SIGUSR2', 'SIGPIPE'] as const) {
      for (const pid of [router.pid, ...workers]) process.kill(pid, signal);
    }
    expect((await get(router, 'unknown.example.com')).status).to.equal(404);
    expect(await router.stop()).to.equal(0);
    expect(router.last('worker-died')).to.equal(undefined);
  });

  for (const name of ['the primary', 'the whole process group']) {
    it(`SIGQUIT to ${name} ends it at once with 2 and a word on stderr, workers and all`, async () => {
      const router = await RouterProcess.start(closing, NO_NATS);
      const workers = descendants(router.pid);
      if (name === 'the primary') router.signal('SIGQUIT');
      else router.signalGroup('SIGQUIT');
      expect(await router.ended()).to.equal(2);
      expect(router.output).to.match(/^SIGQUIT: quit\npid \d+, at most \d+ KB\nheld by: .+$/mu);
      await until(() => workers.every((pid) => !isAlive(pid)), 'the end of the workers');
      expect(router.last('gorouter.stopped')).to.equal(undefined);
    });
  }
});

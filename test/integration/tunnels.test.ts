import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { BusClient } from '../support/bus-client.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const HOST = 'ws.example.com';

describe('tunnels', () => {
  const closing = closingAfterEach();
  let bus: BusClient;
  let router: RouterProcess;
  let port: number;

  const start = async (config = ''): Promise<void> => {
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}\n${config}`,
    );
    bus = await BusClient.connect(closing, nats.port);
    const echo = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    closing(() => {
      for (const socket of echo.clients) socket.terminate();
      echo.close();
    });
    await once(echo, 'listening');
    echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data.toString())));
    ({ port } = echo.address() as AddressInfo);
    await bus.register({ uris: [HOST], port });
    await router.knowsRoutes(1);
  };

  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${router.port}/`, { headers: { host: HOST } });
    closing(() => socket.terminate());
    socket.on('error', () => {}); // `close` follows
    await once(socket, 'open');
    return socket;
  };

  let messages = 0;
  const echoes = async (sockets: readonly WebSocket[]): Promise<void> => {
    for (const socket of sockets) {
      messages += 1;
      const answer = once(socket, 'message') as Promise<[Buffer]>;
      socket.send(`message ${messages}`);
      expect((await answer)[0].toString()).to.equal(`message ${messages}`);
    }
  };

  it('survive a change of their route, a signal to reload, the death of another worker and of the primary', async () => {
    await start();
    const sockets: WebSocket[] = [];
    await until(async () => {
      sockets.push(await open());
      const workers = await router.status('/workers');
      const tunnels = workers.map((worker) => worker.tunnels);
      return tunnels.every((count) => count > 0);
    }, 'tunnels in both workers');
    await echoes(sockets);

    await bus.unregister({ uris: [HOST], port });
    await until(async () => {
      const endpoints = (await router.status('/routes'))[HOST] ?? [];
      return endpoints.length === 0;
    }, 'the endpoint to be gone');
    await echoes(sockets);

    const other = await HttpBackend.start(closing, 'another');
    await bus.register({ uris: [HOST], port: other.port });
    await router.knowsRoutes(1);
    await echoes(sockets);

    router.signal('SIGHUP');
    await until(async () => (await router.health()) === 200, 'the router to be well');
    await echoes(sockets);

    const [victim] = await until(async () => {
      const workers = await router.status('/workers');
      const counted = workers.reduce((sum, worker) => sum + worker.tunnels, 0);
      return counted === sockets.length ? workers : undefined;
    }, 'the figures of all tunnels');
    process.kill(victim!.pid, 'SIGKILL');
    await until(
      () => sockets.filter(({ readyState }) => readyState === WebSocket.CLOSED).length === victim!.tunnels,
      'the end of those of the dead worker',
    );
    await router.said('worker-listening', ({ data }) => data.worker === 3);
    const left = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN);
    expect(left).to.have.lengthOf(sockets.length - victim!.tunnels);
    await echoes(left);

    router.signal('SIGKILL');
    await router.ended();
    await echoes(left);
  });

  it('are ended one by one when the router stops, each with its line in the access log', async () => {
    await start('drain_timeout: 600s\nworkers: {count: 2, tunnel_end_spread: 2s}');
    const sockets = await Promise.all(Array.from({ length: 30 }, () => open()));
    const closedAt: number[] = [];
    for (const socket of sockets) socket.once('close', () => closedAt.push(performance.now()));

    expect(await router.stop()).to.equal(0);

    await until(() => closedAt.length === sockets.length, 'the end of all');
    // At the same moment they would have come back at the same moment. By chance alone: once in 10^15 runs.
    expect(closedAt.at(-1)! - closedAt[0]!).to.be.greaterThan(500);
    const lines = (await readFile(router.accessLog, 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith(HOST));
    expect(lines).to.have.lengthOf(30);
    for (const line of lines) expect(line).to.match(/ HTTP\/1\.1" 101 0 0 /);
  });

  it('are cut by a second signal', async () => {
    await start('drain_timeout: 600s\nworkers: {count: 1, tunnel_end_spread: 600s}');
    const socket = await open();
    router.signal('SIGTERM');
    await until(async () => (await router.health().catch(() => 0)) !== 200, 'the router to be unwell');
    await echoes([socket]);
    const closed = once(socket, 'close');

    router.signal('SIGTERM');

    await closed;
    expect(await router.ended()).to.equal(0);
  });
});

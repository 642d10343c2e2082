import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { deadPort, describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, type BackendConnection, ok, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test\r\n';
const upgrade = (token: string, ...lines: string[]): string =>
  [
    `GET /up?x HTTP/1.1`,
    'Host: app.test',
    'Connection: keep-alive, Upgrade',
    `Upgrade: ${token}`,
    ...lines,
    '',
    '',
  ].join('\r\n');
const SWITCH = (token: string): string =>
  `HTTP/1.1 101 Now Switching\r\nX-mIxed: 1\r\nConnection: Upgrade\r\nUpgrade: ${token}\r\nSet-Cookie: JSESSIONID=s\r\n\r\n`;

/** Agrees to the switch, then sends back what it gets, in upper case. */
const echo =
  (token: string, firstBytes = ''): Script =>
  async ({ reader, socket, write }) => {
    await reader.until('\r\n\r\n');
    write(`${SWITCH(token)}${firstBytes}`);
    if (reader.rest.length > 0) write(reader.rest.toString().toUpperCase());
    socket.on('data', (data) => write(data.toString().toUpperCase()));
    socket.on('end', () => socket.end());
  };

describeLane('upgrades', (stage) => {
  it('become a tunnel after a 101, its head passed with case kept, our cookies and id added', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(echo('TCP'));
    route(lane, 'app.test', [{ port: backend.port, instanceId: 'inst' }]);
    const client = await stage.client(lane);

    await client.send(upgrade('tcp', 'X-Own: 1'));
    const head = (await client.reader.until('\r\n\r\n')).toString();
    await client.send('hello');
    await client.reader.until('HELLO');

    expect(head).to.match(
      /^HTTP\/1\.1 101 Now Switching\r\nX-mIxed: 1\r\nSet-Cookie: JSESSIONID=s\r\nX-Vcap-Request-Id: [0-9a-f-]{36}\r\nSet-Cookie: __VCAP_ID__=inst; Path=\/; HttpOnly\r\nSet-Cookie: __VCAP_ID_META__=; Path=\/; HttpOnly\r\nConnection: Upgrade\r\nUpgrade: TCP\r\n\r\n$/,
    );
    expect(backend.received).to.match(
      /^GET \/up\?x HTTP\/1\.1\r\nHost: app\.test\r\nX-Own: 1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nX-Forwarded-For/,
    );
    expect(lane.figures()).to.include({ openTunnels: 1, activeRequests: 0, openConnections: 1 });
    expect(lane.records).to.have.length(0);
    client.close();

    const record = await recordOf(lane);
    expect(record).to.include({ status: 101, requestBytes: 0, responseBytes: 0, upgraded: true });
    expect(record.endpoint?.port).to.equal(backend.port);
    await until(() => backend.connections[0]!.reader.closed, 'the endpoint to be closed');
    expect(lane.figures()).to.include({ openTunnels: 0, activeRequests: 0, openConnections: 0 });
    expect(lane.counters).to.include({ tunnelsOpened: 1, tunnelsClosed: 1, websocketUpgrades: 0 });
  });

  it('lose no byte that either side sends right behind its head', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(echo('tcp', 'first!'));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`${upgrade('tcp')}early`);
    await client.reader.until('\r\n\r\n');
    await client.reader.until('first!EARLY');
  });

  it('pass nothing of the client on before the 101', async () => {
    const lane = await stage.start();
    let agree = (): void => {};
    const backend = await stage.backend(async ({ reader, write }) => {
      await reader.until('\r\n\r\n');
      await new Promise<void>((resolve) => {
        agree = resolve;
      });
      expect(reader.rest.length).to.equal(0);
      write(SWITCH('tcp'));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`${upgrade('tcp')}early`);
    await until(() => backend.received.includes('\r\n\r\n'), 'the head');
    await client.send(' and more');
    agree();
    await until(() => backend.received.endsWith('early and more'), 'the bytes');
  });

  for (const side of ['client', 'endpoint'] as const) {
    for (const how of ['end', 'destroy', 'resetAndDestroy'] as const) {
      it(`end on both sides when the ${side} calls ${how}`, async () => {
        const lane = await stage.start();
        let endpoint: BackendConnection | undefined;
        const backend = await stage.backend(async (connection) => {
          endpoint = connection;
          await connection.reader.until('\r\n\r\n');
          connection.write(SWITCH('tcp'));
        });
        route(lane, 'app.test', [backend]);
        const client = await stage.client(lane);

        await client.send(upgrade('tcp'));
        await client.reader.until('\r\n\r\n');
        (side === 'client' ? client.socket : endpoint!.socket)[how]();

        await until(() => client.reader.closed && endpoint!.reader.closed, 'both to close');
        expect((await recordOf(lane)).status).to.equal(101);
        expect(lane.figures()).to.include({ openTunnels: 0, openConnections: 0, activeRequests: 0 });
      });
    }
  }

  it('deliver what a side sent before it ended', async () => {
    const lane = await stage.start();
    const size = 5_000_000;
    const backend = await stage.backend(async ({ reader, socket, write }) => {
      await reader.until('\r\n\r\n');
      write(SWITCH('tcp'));
      socket.end(Buffer.alloc(size, 'z'));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(upgrade('tcp'));
    await client.reader.until('\r\n\r\n');
    expect((await client.reader.toEnd()).length).to.equal(size);
  });

  const REFUSED: readonly { name: string; answer: string; body: string }[] = [
    {
      name: '426 with a length',
      answer: 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 3\r\n\r\nno!',
      body: 'no!',
    },
    {
      name: '200 in chunks',
      answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno!\r\n0\r\n\r\n',
      body: 'no!',
    },
    { name: '204', answer: 'HTTP/1.1 204 No Content\r\n\r\n', body: '' },
  ];
  for (const { name, answer: refusal, body } of REFUSED) {
    it(`refused with ${name} are an ordinary answer, and the connection goes on`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(refusal));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      for (let i = 0; i < 3; i += 1) {
        const answer = await client.ask(upgrade('websocket'));
        expect(answer.startLine).to.equal(refusal.split('\r\n')[0]);
        expect(answer.body.toString()).to.equal(body);
        expect(answer.header('connection')).to.equal(undefined);
      }
      backend.script = answering(ok('next'));
      expect((await client.ask(`GET / HTTP/1.1\r\n${HOST}\r\n`)).body.toString()).to.equal('next');
      expect(lane.counters).to.include({ connectionsOpened: 1, tunnelsOpened: 0, websocketUpgrades: 3 });
      expect((await recordOf(lane)).upgraded).to.equal(false);
    });
  }

  it('refused leave a request sent right behind intact', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok('refused')));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`${upgrade('websocket')}POST /next HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nbody`);

    expect((await client.response()).body.toString()).to.equal('refused');
    expect((await client.response()).body.toString()).to.equal('refused');
    expect(backend.received).to.match(/POST \/next HTTP\/1\.1[\s\S]*\r\n\r\nbody$/);
  });

  it('refused with a large body reach a slow client whole', async () => {
    const lane = await stage.start();
    const size = 8_000_000;
    const backend = await stage.backend(
      answering(`HTTP/1.1 403 No\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`),
    );
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    client.socket.pause();
    await client.send(upgrade('websocket'));
    await until(() => lane.figures().activeRequests === 1, 'the request');
    client.socket.resume();

    expect((await client.response()).body.length).to.equal(size);
    expect((await recordOf(lane)).responseBytes).to.equal(size);
  });

  it('to unknown routes are answered like any request, and the connection goes on', async () => {
    const lane = await stage.start();
    const client = await stage.client(lane);

    for (let i = 0; i < 2; i += 1) {
      expect((await client.ask(upgrade('websocket'))).startLine).to.equal('HTTP/1.1 404 Not Found');
    }
    await recordOf(lane, 1);
  });

  it('answered with another protocol are a 502, and nothing is tunnelled', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(echo('other'));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask(upgrade('tcp'));

    expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(answer.body.length).to.equal(0);
    await until(() => backend.connections[0]!.reader.closed, 'the endpoint to be closed');
    backend.script = answering(ok());
    expect((await client.ask(`GET / HTTP/1.1\r\n${HOST}\r\n`)).startLine).to.equal('HTTP/1.1 200 OK');
  });

  const ORDINARY: readonly { name: string; request: string }[] = [
    { name: 'to h2c', request: upgrade('h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__') },
    { name: 'with a body', request: `${upgrade('websocket', 'Content-Length: 4')}body` },
    {
      name: 'with a chunked body',
      request: `${upgrade('websocket', 'Transfer-Encoding: chunked')}4\r\nbody\r\n0\r\n\r\n`,
    },
    { name: 'that Connection does not name', request: `GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\n\r\n` },
    {
      name: 'of HTTP/1.0',
      request: `GET / HTTP/1.0\r\n${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    },
  ];
  for (const { name, request } of ORDINARY) {
    it(`${name} are ordinary requests`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(ok()));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      const answer = await client.ask(request);

      expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
      expect(backend.received.toLowerCase()).not.to.match(/\r\nupgrade:|http2-settings/);
    });
  }

  it('to protocols that are never passed on lose no request sent right behind', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`${upgrade('h2c')}GET /next HTTP/1.1\r\n${HOST}\r\n`);

    for (let i = 0; i < 2; i += 1) expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');
    expect(backend.received).to.include('GET /next HTTP/1.1\r\n');
  });

  it('to protocols that the configuration does not name are ordinary requests', async () => {
    const lane = await stage.start({ settings: { upgradeProtocols: new Set(['websocket']) } });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask(upgrade('tcp'));

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(backend.received.toLowerCase()).not.to.include('\r\nupgrade:');
    await client.send(upgrade('WebSocket'));
    await until(() => /\r\nUpgrade: WebSocket\r\n/.test(backend.received), 'the upgrade at the endpoint');
  });

  it('behind pipelined requests wait their turn, and lose nothing that comes behind them', async () => {
    const lane = await stage.start();
    let proceed = (): void => {};
    const size = 3_000_000;
    const backend = await stage.backend(async (connection) => {
      const { startLine } = await connection.request();
      if (startLine.startsWith('GET /up')) {
        connection.write(SWITCH('tcp'));
        if (connection.reader.rest.length > 0)
          connection.write(connection.reader.rest.toString().toUpperCase());
        connection.socket.on('data', (data) => connection.write(data.toString().toUpperCase()));
        return;
      }
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
      connection.write(ok('x'.repeat(size), 'Connection: close'));
      await connection.request();
      connection.write(ok('second', 'Connection: close'));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`GET /1 HTTP/1.1\r\n${HOST}\r\n${upgrade('tcp')}early`);
    await until(() => backend.received.includes('GET /1 '), 'the first request');
    await client.send(' and more');
    expect(backend.received).not.to.include('GET /up');
    proceed();

    expect((await client.response()).body.length).to.equal(size);
    expect((await client.reader.until('\r\n\r\n')).toString()).to.match(/^HTTP\/1\.1 101 /);
    await client.reader.until('EARLY AND MORE');
    await client.send('hello');
    await client.reader.until('HELLO');
    expect(lane.figures()).to.include({ openTunnels: 1, activeRequests: 0, openConnections: 1 });
  });

  it('refused behind pipelined requests leave all that is behind them intact', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const plain = `GET / HTTP/1.1\r\n${HOST}\r\n`;

    await client.send(plain + upgrade('websocket') + plain + upgrade('h2c') + plain + plain);

    for (let i = 0; i < 6; i += 1) expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');
    expect(backend.received.match(/^GET /gm)).to.have.length(6);
    expect(lane.counters).to.include({ connectionsOpened: 1, requests: 6 });
  });

  for (const way of ['end', 'destroy', 'resetAndDestroy'] as const) {
    it(`that wait their turn are forgotten when the client leaves by ${way}`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(() => {});
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n${upgrade('websocket')}`);
      await until(() => backend.received.includes('\r\n\r\n'), 'the first request');
      client.socket[way]();

      expect((await recordOf(lane)).status).to.equal(499);
      await until(
        () => lane.figures().openConnections === 0 && lane.figures().activeRequests === 0,
        'the end',
      );
      expect(lane.records).to.have.length(1);
      expect(backend.received).not.to.include('GET /up');
    });
  }

  it('are tried elsewhere when a dial fails', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(echo('tcp'));
    route(lane, 'app.test', [{ port: await deadPort() }, backend]);
    const client = await stage.client(lane);

    await client.send(upgrade('tcp'));

    expect((await client.reader.until('\r\n\r\n')).toString()).to.match(/^HTTP\/1\.1 101 /);
  });

  it('that fail at every endpoint are a 502, and counted', async () => {
    const lane = await stage.start();
    route(lane, 'app.test', [{ port: await deadPort() }]);
    const client = await stage.client(lane);

    expect((await client.ask(upgrade('WebSocket'))).startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(lane.counters).to.include({ websocketFailures: 1, websocketUpgrades: 0 });
  });

  it('whose client leaves before the answer are cancelled: 499', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(() => {});
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(upgrade('websocket'));
    await until(() => backend.received.includes('\r\n\r\n'), 'the request');
    client.close();

    expect((await recordOf(lane)).status).to.equal(499);
    await until(() => backend.connections[0]!.reader.closed, 'the cancellation');
    expect(lane.figures()).to.include({ openConnections: 0, activeRequests: 0 });
  });

  it('to a WebSocket outlive endpoint_timeout; others may wait no longer for their 101', async () => {
    const lane = await stage.start({ endpoints: { endpointTimeoutMs: 100 } });
    const backend = await stage.backend(async ({ reader, write }) => {
      const head = (await reader.until('\r\n\r\n')).toString();
      if (!head.includes('websocket')) return;
      setTimeout(() => write(SWITCH('websocket')), 300);
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const other = await stage.client(lane);

    await client.send(upgrade('websocket'));
    expect((await other.ask(upgrade('tcp'))).startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect((await client.reader.until('\r\n\r\n')).toString()).to.match(/^HTTP\/1\.1 101 /);
  });

  it('carry WebSockets: text, binary, close codes', async () => {
    const lane = await stage.start();
    const server: Server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stage.closing(() => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
    });
    route(lane, 'app.test', [{ port: (server.address() as AddressInfo).port }]);

    const socket = new WebSocket(`ws://127.0.0.1:${lane.port}/ws`, { headers: { Host: 'app.test' } });
    stage.closing(() => socket.terminate());
    await once(socket, 'open');
    const message = 'x'.repeat(300_000);
    socket.send(message);
    const [echoed] = await once(socket, 'message');
    expect(String(echoed)).to.equal(message);
    socket.close(4_000, 'bye');
    const [code] = await once(socket, 'close');

    expect(code).to.equal(4_000);
    expect(await recordOf(lane)).to.include({ status: 101, upgraded: true });
    expect(lane.counters).to.include({ websocketUpgrades: 1, websocketFailures: 0 });
  });
});

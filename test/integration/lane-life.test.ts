import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { expect } from 'chai';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { RawClient } from '../support/raw-client.ts';
import { answering, ok } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';

describeLane('life', (stage) => {
  it('drains: finishes what runs with Connection: close, and accepts nothing new', async () => {
    const lane = await stage.start();
    let finish = (): void => {};
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      connection.write(ok('done'));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const answer = client.ask(GET);
    await until(() => backend.received.includes('\r\n\r\n'), 'the request');

    let drained = false;
    const draining = lane.drain().then(() => {
      drained = true;
    });
    const refused = await RawClient.connect(lane.port, stage.closing).catch((error: Error) => error);
    expect(refused).to.have.property('code', 'ECONNREFUSED');
    expect(drained).to.equal(false);
    finish();

    expect((await answer).header('connection')).to.equal('close');
    expect((await answer).body.toString()).to.equal('done');
    await draining;
    expect(lane.figures()).to.include({ activeRequests: 0, openConnections: 0, idleEndpointConnections: 0 });
  });

  it('drains: serves a request that comes on an idle connection, and tells it to close', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    expect((await client.ask(GET)).header('connection')).to.equal(undefined);

    const draining = lane.drain();
    const answer = await client.ask(GET);
    await draining;

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(answer.header('connection')).to.equal('close');
    expect(client.reader.error).to.equal(undefined);
  });

  it('drains: closes idle connections in an orderly way, used or not', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const used = await stage.client(lane);
    const unused = await stage.client(lane);
    await used.ask(GET);
    await until(() => lane.figures().openConnections === 2, 'both connections');

    await lane.drain();

    await until(() => used.reader.closed && unused.reader.closed, 'the end');
    expect([used.reader.error, unused.reader.error]).to.deep.equal([undefined, undefined]);
  });

  it('drains: waits for a head that is on its way', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    await client.ask(GET);

    const draining = lane.drain();
    const startedAt = performance.now();
    for (const part of ['GET / HTTP/1.1\r\n', 'Host: ', 'app.', 'test\r\n', 'X-A: b\r\n']) {
      await client.send(part);
      await until(() => performance.now() - startedAt > 350 * (part.length % 5), 'a while');
    }
    const answer = await client.ask('\r\n');
    await draining;

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
  });

  it('drains: tunnels live until stop, which ends the drain', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async ({ reader, socket, write }) => {
      await reader.until('\r\n\r\n');
      write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
      socket.on('data', (data) => write(data));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    await client.send(UPGRADE);
    await client.reader.until('\r\n\r\n');

    const draining = lane.drain();
    await client.send('still here');
    await client.reader.until('still here');
    expect(lane.figures()).to.include({ openTunnels: 1, activeRequests: 0 });
    lane.stop();

    await draining;
    expect((await recordOf(lane)).status).to.equal(101);
    await until(() => client.reader.closed && backend.connections[0]!.reader.closed, 'both ends');
  });

  it('stops: cuts everything, twice if asked', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(() => {});
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    await client.send(GET);
    await until(() => backend.received.includes('\r\n\r\n'), 'the request');

    lane.stop();
    lane.stop();

    await until(() => client.reader.closed && backend.connections[0]!.reader.closed, 'both ends');
    expect((await recordOf(lane)).status).to.equal(499);
    expect(lane.figures()).to.deep.equal({
      activeRequests: 0,
      openConnections: 0,
      openTunnels: 0,
      idleEndpointConnections: 0,
    });
  });

  it('takes over a connection that somebody else accepted and began to read', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok('taken over')));
    route(lane, 'app.test', [backend]);
    const listener = createTcpServer((socket) => {
      socket.once('data', (chunk) => {
        socket.pause();
        socket.unshift(chunk);
        lane.takeOver(socket);
        socket.resume();
      });
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    stage.closing(() => listener.close());
    const { port } = listener.address() as { port: number };
    const client = await RawClient.connect(port, stage.closing);

    for (let i = 0; i < 3; i += 1) expect((await client.ask(GET)).body.toString()).to.equal('taken over');
    expect(lane.figures().openConnections).to.equal(1);
  });
});

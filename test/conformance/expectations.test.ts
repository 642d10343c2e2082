import { expect } from 'chai';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test\r\n';
const HEAD = `PUT / HTTP/1.1\r\n${HOST}Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n`;
const get = `GET / HTTP/1.1\r\n${HOST}\r\n`;

describeLane('expectations and early answers', (stage) => {
  it('100-continue is passed on, the body held back until the endpoint asks, and one 100 reaches the client', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async (connection) => {
      const head = (await connection.reader.until('\r\n\r\n')).toString();
      expect(head).to.include('\r\nExpect: 100-Continue\r\n');
      expect(head).not.to.include('Connection');
      connection.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
      const body = (await connection.reader.exactly(5)).toString();
      connection.write(ok(body));
      await connection.request();
      connection.write(ok('next'));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(HEAD);
    expect((await client.response()).head).to.equal('HTTP/1.1 100 Continue\r\n\r\n');
    expect(backend.received).to.match(/\r\n\r\n$/);
    await client.send('hello');
    const answer = await client.response();

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(answer.body.toString()).to.equal('hello');
    expect(answer.header('connection')).to.equal(undefined);
    expect((await recordOf(lane)).requestBytes).to.equal(5);
    expect((await client.ask(get)).body.toString()).to.equal('next');
    expect(backend.connections).to.have.length(1);
  });

  it('an endpoint that ignores the expectation gets the body after a second', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const startedAt = performance.now();

    await client.send(HEAD);
    expect((await client.response()).startLine).to.equal('HTTP/1.1 100 Continue');
    // Begun before the lane's second, and no earlier over than that; a timer of node's may be 1 ms early.
    expect(performance.now() - startedAt).to.be.at.least(998);
    await client.send('hello');

    expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');
    expect(backend.received).to.match(/\r\n\r\nhello$/);
  });

  it('a final answer instead of 100 is delivered without a 100, and the connection closed', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async (connection) => {
      await connection.reader.until('\r\n\r\n');
      connection.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno');
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(HEAD);
    const answer = (await client.reader.toEnd()).toString();

    expect(answer).to.match(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(answer).to.include('\r\nConnection: close\r\n');
    expect(answer).to.match(/\r\n\r\nno$/);
    expect(backend.received).to.match(/\r\n\r\n$/);
    await until(() => backend.connections[0]!.reader.closed, 'the end of the connection');
  });

  it('an answer of the router itself comes without a 100 too', async () => {
    const lane = await stage.start();
    const client = await stage.client(lane);

    await client.send(HEAD);
    const answer = (await client.reader.toEnd()).toString();

    expect(answer).to.match(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(answer).to.include('\r\nConnection: close\r\n');
  });

  it('a body that comes without being asked for goes to the endpoint all the same', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`${HEAD}hello`);
    let answer = await client.response();
    if (answer.startLine === 'HTTP/1.1 100 Continue') answer = await client.response();

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(backend.received).to.match(/\r\n\r\nhello$/);
  });

  it('an early answer to a large upload is delivered whole, then the connection closed', async () => {
    const lane = await stage.start();
    const body = 'x'.repeat(100_000);
    const backend = await stage.backend(async (connection) => {
      await connection.reader.until('\r\n\r\n');
      connection.socket.pause();
      connection.write(`HTTP/1.1 413 Too Large\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`PUT / HTTP/1.1\r\n${HOST}Content-Length: 50000000\r\n\r\n`);
    client.socket.write(Buffer.alloc(2_000_000));
    const answer = await client.response();
    await client.reader.untilClosed();

    expect(answer.startLine).to.equal('HTTP/1.1 413 Request Entity Too Large');
    expect(answer.body.toString()).to.equal(body);
    expect(answer.header('connection')).to.equal('close');
    await until(
      () => backend.connections[0]!.socket.resume() && backend.connections[0]!.reader.closed,
      'the endpoint',
    );
    expect(lane.figures().idleEndpointConnections).to.equal(0);
  });

  it('after an early answer the rest of a small body is dropped, and never becomes a request', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async (connection) => {
      await connection.reader.until('\r\n\r\n');
      connection.write(ok('early'));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const smuggled = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;

    const early = await client.ask(`PUT / HTTP/1.1\r\n${HOST}Content-Length: ${smuggled.length}\r\n\r\n`);
    expect(early.body.toString()).to.equal('early');
    await client.send(smuggled);
    backend.script = answering(ok('next'));
    const next = await client.ask(get);

    expect(next.body.toString()).to.equal('next');
    expect(backend.received).not.to.include('smuggled');
    // What the endpoint had not read of it is not left to the next request's connection either.
    expect(backend.connections).to.have.length(2);
  });
});

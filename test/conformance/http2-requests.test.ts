import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { ask, field } from '../support/http2/ask.ts';
import { http2Client, http2Port } from '../support/http2/front.ts';
import { recordOf, route, startFastLane } from '../support/lane-fixture.ts';
import { answering, ok, type Script, ScriptedBackend } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

describe('HTTP/2 clients in front of HTTP/1.1 endpoints', () => {
  const closing = closingAfterEach();

  async function stage(script: Script) {
    const lane = await startFastLane({});
    closing(() => lane.stop());
    const backend = await ScriptedBackend.start(script, closing);
    const [endpoint] = route(lane, 'a.example.com', [backend]);
    const client = await http2Client(await http2Port(lane, closing), closing);
    return { lane, backend, endpoint: endpoint!, client };
  }

  it('sends the settings of the contract', async () => {
    const { client } = await stage(answering(ok()));
    const { maxConcurrentStreams, initialWindowSize, maxFrameSize, maxHeaderListSize } =
      client.remoteSettings;
    expect({ maxConcurrentStreams, initialWindowSize, maxFrameSize, maxHeaderListSize }).to.deep.equal({
      maxConcurrentStreams: 250,
      initialWindowSize: 1_048_576,
      maxFrameSize: 1_048_576,
      maxHeaderListSize: 1_048_896,
    });
    await until(() => client.state.remoteWindowSize === 1_048_576, 'the window of the connection');
  });

  it('forwards the head in HTTP/1.1, :authority as Host and cookies as one field', async () => {
    const { lane, backend, client } = await stage(answering(ok('hello', 'X-App: yes', 'Connection: X-Gone')));
    const answer = await ask(client, {
      ':authority': 'a.example.com:8080',
      ':path': '/p;x?q=%20&',
      cookie: ['a=1', 'b=2', 'c=3'],
      'x-twice': ['1', '2'],
      'user-agent': 'tests',
    });
    const [request] = backend.received.split('\r\n\r\n');
    const record = await recordOf(lane);
    expect(request!.split('\r\n')).to.deep.equal([
      'GET /p;x?q=%20& HTTP/1.1',
      'host: a.example.com:8080',
      'cookie: a=1; b=2; c=3',
      'x-twice: 1',
      'x-twice: 2',
      'user-agent: tests',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: https',
      ...request!.split('\r\n').slice(8, 9), // X-Request-Start
      `X-Vcap-Request-Id: ${record.requestId}`,
      'X-Cf-Applicationid: app-guid',
      `X-Cf-Instanceid: instance-${backend.port}`,
      'X-Cf-Instanceindex: 0',
    ]);
    expect(answer.fields.slice(0, 8)).to.deep.equal([
      ':status',
      '200',
      'content-length',
      '5',
      'x-app',
      'yes',
      'x-vcap-request-id',
      record.requestId,
    ]);
    expect(field(answer.fields, 'date')).to.match(/ GMT$/);
    expect(answer.body.toString()).to.equal('hello');
    expect(record).to.include({ protocol: 'HTTP/2.0', status: 200, host: 'a.example.com:8080' });
    expect(record).to.include({ target: '/p;x?q=%20&', responseBytes: 5, requestBytes: 0 });
  });

  it('forwards bodies with and without a length, and trailers both ways', async () => {
    const { backend, lane, client } = await stage(
      answering(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Grpc-Status, Cookie\r\n\r\n' +
          '3\r\nabc\r\n0\r\nGrpc-Status: 0\r\nX-B: a\r\nX-B: b\r\nCookie: no\r\n\r\n',
      ),
    );
    const chunked = await ask(client, { ':method': 'POST', te: 'trailers' }, 'some', {
      'x-sum': '4',
      host: 'no',
    });
    expect(backend.received).to.match(/^POST \/ HTTP\/1\.1\r\n/);
    expect(backend.received).to.match(/\r\nTransfer-Encoding: chunked\r\nTe: trailers\r\n/);
    expect(backend.received.split('\r\n\r\n').slice(1).join('\r\n\r\n')).to.equal(
      '4\r\nsome\r\n0\r\nx-sum: 4\r\n\r\n',
    );
    expect(field(chunked.fields, 'trailer')).to.equal('Grpc-Status');
    expect(field(chunked.fields, 'transfer-encoding')).to.equal(undefined);
    expect(chunked.body.toString()).to.equal('abc');
    expect(chunked.trailers).to.deep.equal(['grpc-status', '0', 'x-b', 'a', 'x-b', 'b']);

    const length = await ask(client, { ':method': 'PUT', 'content-length': '5' }, 'whole');
    expect(length.status).to.equal(200);
    expect(backend.received).to.match(/PUT [\s\S]*\r\nContent-Length: 5\r\n[\s\S]*\r\n\r\nwhole$/);
    expect((await recordOf(lane, 1)).requestBytes).to.equal(5);
    expect(backend.connections.length).to.equal(1);
  });

  it('answers itself where HTTP/1.1 clients are answered, in the same words', async () => {
    const { lane, client } = await stage(answering(ok()));
    const unknown = await ask(client, { ':authority': 'b.example.com' });
    expect(unknown.fields.filter((_, i, all) => all[i - 1] !== 'date' && all[i] !== 'date')).to.deep.equal([
      ...[':status', '404', 'cache-control', 'no-cache, no-store'],
      ...['content-type', 'text/plain; charset=utf-8', 'x-cf-routererror', 'unknown_route'],
      ...['x-content-type-options', 'nosniff', 'content-length', '65'],
    ]);
    expect(unknown.body.toString()).to.equal(
      "404 Not Found: Requested route ('b.example.com') does not exist.\n",
    );
    const head = await ask(client, { ':authority': 'b.example.com', ':method': 'HEAD' });
    expect([head.status, field(head.fields, 'content-length'), head.body.length]).to.deep.equal([
      404,
      '65',
      0,
    ]);
    const health = await ask(client, { 'user-agent': 'HTTP-Monitor/1.1' });
    expect([health.status, health.body.toString()]).to.deep.equal([200, 'ok\n']);
    expect(lane.records.map((record) => record.status)).to.deep.equal([404, 404, 200]);
    const trace = await ask(client, { ':method': 'TRACE' });
    expect([trace.status, field(trace.fields, 'allow') !== undefined]).to.deep.equal([405, true]);
    expect(lane.records.length).to.equal(3);
  });

  it('passes interim answers on, and asks for the body of a client that waits', async () => {
    const { client, backend } = await stage(async (connection) => {
      await connection.reader.until('\r\n\r\n');
      connection.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\n\r\n');
      connection.write('HTTP/1.1 100 Continue\r\n\r\n');
      await connection.reader.until('body');
      connection.write(ok('done'));
    });
    const answer = await ask(
      client,
      { ':method': 'POST', expect: '100-continue', 'content-length': 4 },
      'body',
    );
    expect(answer.interim).to.deep.equal([[':status', '103', 'link', '</a.css>']]);
    expect([answer.status, answer.body.toString()]).to.deep.equal([200, 'done']);
    expect(backend.received).to.match(/\r\nexpect: 100-continue\r\n/);
  });

  it('delivers an event stream as it comes', async () => {
    let more: (text: string) => void = () => {};
    const { client } = await stage(async (connection) => {
      await connection.request();
      connection.write(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      more = (text) => connection.write(text);
    });
    const stream = client.request({ ':authority': 'a.example.com', ':path': '/' });
    const seen: string[] = [];
    stream.on('response', () => seen.push('head'));
    stream.on('data', (bytes: Buffer) => seen.push(bytes.toString()));
    await until(() => seen.length === 1, 'the head alone');
    more('3\r\none\r\n');
    await until(() => seen.length === 2, 'the first event');
    more('3\r\ntwo\r\n0\r\n\r\n');
    await until(() => stream.closed, 'the end');
    expect(seen).to.deep.equal(['head', 'one', 'two']);
  });

  it('cuts the stream, and no other, when an answer breaks off', async () => {
    for (const head of [
      'Transfer-Encoding: chunked\r\n\r\n5\r\nab',
      'Content-Length: 5\r\n\r\nab',
      '\r\nab',
    ]) {
      const { client, lane } = await stage(async (connection) => {
        await connection.request();
        connection.write(`HTTP/1.1 200 OK\r\n${head}`);
        await until(
          () => connection.socket.bytesWritten > 0 && connection.socket.writableLength === 0,
          'a part',
        );
        connection.socket.resetAndDestroy();
      });
      const cut = await ask(client, {});
      expect(cut.rstCode, head).to.equal(2);
      expect((await recordOf(lane)).status).to.equal(200);
      expect((await ask(client, { ':authority': 'b.example.com' })).status).to.equal(404);
    }
  });

  it('closes the connection of the endpoint when its client resets the stream', async () => {
    const { client, backend, lane } = await stage(async (connection) => {
      await connection.reader.until('\r\n\r\n');
    });
    const stream = client.request({ ':authority': 'a.example.com', ':path': '/' });
    stream.on('error', () => {});
    await until(() => backend.received.includes('\r\n\r\n'), 'the request');
    stream.close(8);
    const record = await recordOf(lane);
    expect(record).to.include({ status: 499, routerError: 'endpoint_failure (context canceled)' });
    await until(
      () => backend.connections[0]!.socket.destroyed || backend.connections[0]!.reader.ended,
      'the end',
    );
    expect(lane.figures().activeRequests).to.equal(0);
  });

  it('answers an upload early, and has the client stop', async () => {
    const { client } = await stage(async (connection) => {
      await connection.reader.until('\r\n\r\n');
      connection.write(ok('enough'));
    });
    const stream = client.request({ ':authority': 'a.example.com', ':path': '/', ':method': 'POST' });
    stream.write('a part');
    const chunks: Buffer[] = [];
    stream.on('data', (bytes: Buffer) => chunks.push(bytes));
    await until(() => stream.closed, 'the end of the stream');
    expect([Buffer.concat(chunks).toString(), stream.rstCode]).to.deep.equal(['enough', 0]);
  });
});

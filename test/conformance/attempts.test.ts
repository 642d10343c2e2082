import { expect } from 'chai';
import { deadPort, describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;
const POST = `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`;

/** Reads a request, then ends the connection without a byte. */
const silentEnd: Script = async (connection) => {
  await connection.request();
  connection.socket.end();
};
const reset: Script = async (connection) => {
  await connection.request();
  connection.socket.resetAndDestroy();
};

describeLane('attempts', (stage) => {
  it('go on at another endpoint when a dial fails, the body intact', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    const port = await deadPort();
    route(lane, 'app.test', [{ port }, backend]);
    const client = await stage.client(lane);

    const answers = [await client.ask(POST), await client.ask(POST)];

    expect(answers.map((answer) => answer.startLine)).to.deep.equal(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK']);
    expect(backend.received.match(/\r\n\r\nhello/g)).to.have.length(2);
    const record = await recordOf(lane);
    expect(record.endpoint?.port).to.equal(backend.port);
    expect(record.attempts?.failedAttempts).to.equal(1);
    expect(record.attempts?.failedAttemptsMs).to.be.greaterThan(0);
    // The second request passes the marked endpoint by.
    expect((await recordOf(lane, 1)).attempts?.failedAttempts).to.equal(0);
    expect(lane.reports.map(({ address, verdict }) => ({ address, verdict }))).to.deep.equal([
      { address: `127.0.0.1:${port}`, verdict: 'mark' },
    ]);
    expect(lane.counters).to.include({
      attempts: 3,
      retries: 1,
      requests: 2,
      responses2xx: 2,
      badGateways: 0,
    });
  });

  it('end with the last error when no endpoint answers', async () => {
    const lane = await stage.start();
    const ports = [await deadPort(), await deadPort(), await deadPort(), await deadPort()];
    route(
      lane,
      'app.test',
      ports.map((port) => ({ port })),
    );
    const client = await stage.client(lane);

    const answer = await client.ask(POST);

    expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(lane.lines.filter(({ message }) => message === 'backend-endpoint-failed')).to.have.length(3);
    expect((await recordOf(lane)).attempts?.failedAttempts).to.equal(3);
  });

  it('at most one is made at the only endpoint', async () => {
    const lane = await stage.start();
    route(lane, 'app.test', [{ port: await deadPort() }]);
    const client = await stage.client(lane);

    await client.ask(GET);

    expect((await recordOf(lane)).attempts?.failedAttempts).to.equal(1);
  });

  it('are repeated elsewhere for a GET whose connection ended without an answer', async () => {
    const lane = await stage.start();
    const silent = await stage.backend(silentEnd);
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [silent, backend]);
    const client = await stage.client(lane);

    expect((await client.ask(GET)).startLine).to.equal('HTTP/1.1 200 OK');
    expect(silent.connections).to.have.length(1);
    expect(lane.reports).to.deep.equal([]);
    const line = lane.lines.find(({ message }) => message === 'backend-endpoint-failed');
    expect(line?.data).to.include({
      error: 'EOF (via idempotent request)',
      retriable: true,
      'got-connection': true,
      'wrote-headers': true,
    });
  });

  const ONCE: readonly { name: string; request: string; script: Script; error: RegExp }[] = [
    { name: 'a POST that was sent', request: POST, script: silentEnd, error: /^endpoint_failure \(EOF\)$/ },
    {
      name: 'a GET with a chunked body',
      request: `GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      script: silentEnd,
      error: /^endpoint_failure \(EOF\)$/,
    },
    {
      name: 'a reset',
      request: GET,
      script: reset,
      error:
        /^endpoint_failure \(read tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: read: connection reset by peer\)$/,
    },
    {
      name: 'half an answer',
      request: GET,
      script: async (connection) => {
        await connection.request();
        connection.write('HTTP/1.1 200 OK\r\nConte');
        connection.socket.end();
      },
      error: /^endpoint_failure \(.+\)$/,
    },
  ];
  for (const { name, request, script, error } of ONCE) {
    it(`are not repeated for ${name}`, async () => {
      const lane = await stage.start();
      const failing = await stage.backend(script);
      const other = await stage.backend(answering(ok()));
      route(lane, 'app.test', [failing, other]);
      const client = await stage.client(lane);

      const answer = await client.ask(request);

      expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
      expect(answer.header('x-cf-routererror')).to.match(error);
      expect(other.connections).to.have.length(0);
      // The client's connection goes on, whatever became of the endpoint's.
      expect((await client.ask(GET)).startLine).to.equal('HTTP/1.1 200 OK');
    });
  }

  it('are not repeated for any status', async () => {
    const lane = await stage.start();
    const failing = await stage.backend(answering('HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n'));
    const other = await stage.backend(answering(ok()));
    route(lane, 'app.test', [failing, other]);
    const client = await stage.client(lane);

    expect((await client.ask(GET)).startLine).to.equal('HTTP/1.1 503 Service Unavailable');
    expect((await recordOf(lane)).routerError).to.equal('');
  });

  it('mark an endpoint that resets, and report it once per failure', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(reset);
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(POST);

    expect(lane.reports.map(({ verdict }) => verdict)).to.deep.equal(['mark']);
  });

  it('time out while no answer comes: 502, the connection dropped, nobody marked', async () => {
    const lane = await stage.start({ endpoints: { endpointTimeoutMs: 100 } });
    const backend = await stage.backend(() => {});
    const other = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend, other]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(answer.header('x-cf-routererror')).to.equal('endpoint_failure (context deadline exceeded)');
    await until(() => backend.connections[0]!.reader.closed, 'the end of the connection');
    expect(other.connections).to.have.length(0);
    expect(lane.reports).to.deep.equal([]);
    expect(lane.lines.map(({ message }) => message)).to.include('backend-request-timeout');
  });

  it('time out in the middle of a body: the client is cut off', async () => {
    const lane = await stage.start({ endpoints: { endpointTimeoutMs: 1_000 } });
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(GET);
    await client.reader.untilClosed();

    expect(client.reader.text).to.match(/half$/);
    expect((await recordOf(lane)).status).to.equal(200);
    expect(lane.lines.map(({ message }) => message)).to.include('backend-request-timeout');
  });

  it('stop when the client leaves: 499, the endpoint cancelled and not blamed', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(() => {});
    route(lane, 'app.test', [backend, backend]);
    const client = await stage.client(lane);

    await client.send(GET);
    await until(() => backend.received.includes('\r\n\r\n'), 'the request at the endpoint');
    client.close();

    const record = await recordOf(lane);
    expect(record.status).to.equal(499);
    expect(record.routerError).to.equal('endpoint_failure (context canceled)');
    expect(record.endpoint?.port).to.equal(backend.port);
    await until(() => backend.connections.every(({ reader }) => reader.closed), 'the cancellation');
    expect(backend.connections).to.have.length(1);
    expect(lane.reports).to.deep.equal([]);
    expect(lane.figures().activeRequests).to.equal(0);
    expect(lane.counters.badGateways).to.equal(0);
  });

  it('stop when the client leaves while uploading', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(() => {});
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\nhalf`);
    await until(() => backend.received.endsWith('half'), 'the half body at the endpoint');
    client.close();

    expect(await recordOf(lane)).to.include({ status: 499, requestBytes: 4 });
    await until(() => backend.connections[0]!.reader.closed, 'the cancellation');
    expect(lane.reports).to.deep.equal([]);
  });

  it('stop when the client leaves in the middle of the answer', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(GET);
    await client.reader.until('half');
    client.close();

    const record = await recordOf(lane);
    const left = 'client-conn-closed-during-response-streaming';
    expect(record).to.include({ status: 200, responseBytes: 4, routerError: left });
    expect(lane.lines.find(({ message }) => message === left)).to.deep.include({
      level: 'error',
      data: {
        error: 'the client closed its connection',
        bytes_written: 4,
        total_size: 100,
        status: 200,
        vcap_request_id: record.requestId,
      },
    });
    await until(() => backend.connections[0]!.reader.closed, 'the cancellation');
    expect(lane.reports).to.deep.equal([]);
    expect(lane.lines.map(({ message }) => message)).not.to.include('backend-response-incomplete');
  });

  it('release the connection count at the response head, not at the end of the body', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    });
    const [endpoint] = route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(GET);
    await client.reader.until('half');

    expect(lane.states.inFlight(endpoint!)).to.equal(0);
    expect(lane.figures().activeRequests).to.equal(1);
  });
});

import { expect } from 'chai';
import { deadPort, describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const DATE = 'Date: [A-Z][a-z]{2}, \\d{2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT';
const BODY = '502 Bad Gateway: Registered endpoint failed to handle the request.\n';
const BROKEN = 'net/http: HTTP/1.x transport connection broken:';

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Reads a request, writes what is given and ends the connection. */
const saying = (bytes: string): Script => {
  return async (connection) => {
    await connection.request();
    connection.write(bytes);
    connection.socket.end();
  };
};

/** How attempts fail when an endpoint was reached: none is repeated, none marks the endpoint. */
const FAILURES: readonly { readonly name: string; readonly script: Script; readonly error: string }[] = [
  {
    name: 'no status line',
    script: saying('nonsense\r\n\r\n'),
    error: `${BROKEN} malformed HTTP response "nonsense"`,
  },
  {
    name: 'TLS where HTTP was meant',
    script: saying('\x15\x03\x01\x00\x02\x02\x50'),
    error: `${BROKEN} malformed HTTP response "\\x15\\x03\\x01\\x00\\x02\\x02P"`,
  },
  {
    name: 'another version',
    script: saying('HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'),
    error: `${BROKEN} malformed HTTP response "HTTP/2.0 200 OK"`,
  },
];

describeLane('failures of endpoints', (stage) => {
  for (const { name, script, error } of FAILURES) {
    it(`with ${name} are exact to the byte, once, and blame nobody`, async () => {
      const lane = await stage.start();
      const failing = await stage.backend(script);
      const other = await stage.backend(answering(ok()));
      route(lane, 'app.test', [failing, other]);
      const client = await stage.client(lane);

      await client.ask(GET);

      expect(client.reader.text).to.match(
        new RegExp(
          '^HTTP/1\\.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\n' +
            `X-Cf-Routererror: endpoint_failure \\(${escaped(error)}\\)\r\nX-Content-Type-Options: nosniff\r\n` +
            `Content-Length: ${BODY.length}\r\n${DATE}\r\n\r\n${escaped(BODY)}$`,
        ),
      );
      expect(other.connections).to.have.length(0);
      expect(lane.reports).to.deep.equal([]);
      const record = await recordOf(lane);
      expect(record).to.include({ status: 502, responseBytes: BODY.length });
      expect(record.endpoint?.port).to.equal(failing.port);
      const line = lane.lines.find(({ message }) => message === 'backend-endpoint-failed');
      expect(line?.data).to.deep.include({
        attempt: 1,
        vcap_request_id: record.requestId,
        'num-endpoints': 2,
        'got-connection': true,
        'wrote-headers': true,
        'conn-reused': false,
        'tls-handshake-time': 0,
        'local-address': record.attempts?.localAddress,
        error,
        retriable: false,
      });
      // The client's connection goes on.
      expect((await client.ask(GET)).startLine).to.equal('HTTP/1.1 200 OK');
    });
  }

  it('are told in the times of the attempts: failed ones counted, the last one timed', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [{ port: await deadPort() }, { port: await deadPort() }, backend]);
    const client = await stage.client(lane);

    await client.ask(GET);
    await client.ask(GET);

    const first = await recordOf(lane);
    expect(first.endpoint?.port).to.equal(backend.port);
    expect(first.attempts).to.deep.include({ failedAttempts: 2, dnsMs: first.attempts?.dnsMs, tlsMs: 0 });
    expect(first.attempts?.failedAttemptsMs).to.be.greaterThan(0);
    expect(first.attempts?.dialMs).to.be.greaterThan(0);
    expect(first.attempts?.backendMs).to.be.greaterThan(0);
    expect(first.attempts?.localAddress).to.match(/^127\.0\.0\.1:\d+$/);
    // The connection was there already.
    const second = await recordOf(lane, 1);
    expect(second.attempts).to.deep.include({ failedAttempts: 0, dialMs: 0, dnsMs: 0, tlsMs: 0 });
    expect(second.attempts?.failedAttemptsMs).to.equal(undefined);
  });

  it('say that no endpoint is left when all that there are were taken, after the last real error', async () => {
    const lane = await stage.start({ settings: { maxAttempts: 5 } });
    const port = await deadPort();
    route(lane, 'app.test', [{ port }]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    expect(answer.header('x-cf-routererror')).to.equal(
      `endpoint_failure (dial tcp 127.0.0.1:${port}: connect: connection refused)`,
    );
    expect((await recordOf(lane)).attempts?.failedAttempts).to.equal(1);
  });

  it('of instances asked for by header mark nobody', async () => {
    const GUID = '11111111-2222-3333-4444-555555555555';
    const lane = await stage.start();
    route(lane, 'app.test', [{ port: await deadPort(), appId: GUID, instanceIndex: '0' }]);
    const client = await stage.client(lane);

    const answer = await client.ask(
      `GET / HTTP/1.1\r\nHost: app.test\r\nX-CF-App-Instance: ${GUID}:0\r\n\r\n`,
    );

    expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(lane.reports).to.deep.equal([]);
  });

  it('of names that do not resolve mark the endpoint, with the words of the contract', async () => {
    const lane = await stage.start();
    route(lane, 'app.test', [{ host: 'no-such-host.invalid', port: 80, address: 'no-such-host.invalid:80' }]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(answer.header('x-cf-routererror')).to.match(
      /^endpoint_failure \(dial tcp: lookup no-such-host\.invalid.*: no such host\)$/,
    );
    expect(lane.reports.map(({ verdict }) => verdict)).to.deep.equal(['mark']);
  });

  it('leave a client that has left unheard: 499 and the error that came first', async () => {
    const lane = await stage.start();
    const silent = await stage.backend(async (connection) => {
      await connection.request();
    });
    route(lane, 'app.test', [silent]);
    const client = await stage.client(lane);

    await client.send(GET);
    await until(() => silent.received.endsWith('\r\n\r\n'), 'the request at the endpoint');
    client.close();

    const record = await recordOf(lane);
    expect(record).to.include({ status: 499, routerError: 'endpoint_failure (context canceled)' });
    const line = lane.lines.find(({ message }) => message === 'backend-endpoint-failed');
    expect(line?.data).to.include({ error: 'context canceled (context canceled)', retriable: false });
    expect(lane.counters.badGateways).to.equal(0);
  });
});

describeLane('lines of the log about a request', (stage) => {
  it('tell its id, its choice of an endpoint and each attempt, at debug level', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    const dead = await deadPort();
    const [first, second] = route(lane, 'app.test', [
      { port: dead, appId: 'app-1', tags: { component: 'c' }, availabilityZone: 'z1' },
      { port: backend.port },
    ]);
    const client = await stage.client(lane);

    await client.ask(GET);

    const { requestId } = await recordOf(lane);
    const debug = lane.lines.filter(({ level }) => level === 'debug');
    const endpoint = (one: typeof first, rest: object): object => ({
      'route-endpoint': { ApplicationId: one?.appId, Addr: one?.address, RouteServiceUrl: '', ...rest },
    });
    expect(debug.map(({ message, data }) => ({ message, data }))).to.deep.equal([
      { message: 'vcap-request-id-header-set', data: { VcapRequestIdHeader: requestId } },
      { message: 'endpoint-iterator-with-round-robin-lb-algo', data: {} },
      {
        message: 'backend',
        data: {
          ...endpoint(first, { Tags: { component: 'c' }, AZ: 'z1' }),
          attempt: 1,
          vcap_request_id: requestId,
        },
      },
      {
        message: 'backend',
        data: { ...endpoint(second, { Tags: null, AZ: '' }), attempt: 2, vcap_request_id: requestId },
      },
    ]);
  });
});

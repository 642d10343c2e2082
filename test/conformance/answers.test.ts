import { expect } from 'chai';
import { anEndpoint } from '../support/endpoint-fixture.ts';
import { deadPort, describeLane, type RunningLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const DATE = 'Date: [A-Z][a-z]{2}, \\d{2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT';
const GUID = '11111111-2222-3333-4444-555555555555';

/** An answer of the router's own, to the byte but for its date. */
function exactly(status: string, headerLines: readonly string[], body: string): RegExp {
  const lines = [...headerLines, `Content-Length: ${body.length}`].map(escaped);
  return new RegExp(
    `^HTTP/1\\.1 ${escaped(status)}\r\n${lines.map((line) => `${line}\r\n`).join('')}${DATE}\r\n\r\n${escaped(body)}$`,
  );
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

const explained = (routerError: string, cacheControl?: string): string[] => [
  ...(cacheControl === undefined ? [] : [`Cache-Control: ${cacheControl}`]),
  'Content-Type: text/plain; charset=utf-8',
  `X-Cf-Routererror: ${routerError}`,
  'X-Content-Type-Options: nosniff',
];

interface Case {
  readonly name: string;
  readonly given: string;
  readonly prepare?: (lane: RunningLane) => Promise<void> | void;
  readonly expect: RegExp;
  readonly status: number;
}

const get = (host: string, ...lines: string[]): string =>
  ['GET / HTTP/1.1', `Host: ${host}`, ...lines, '', ''].join('\r\n');

const CASES: readonly Case[] = [
  {
    name: 'an unknown host',
    given: get('No.test:8080'),
    expect: exactly(
      '404 Not Found',
      explained('unknown_route', 'no-cache, no-store'),
      "404 Not Found: Requested route ('No.test:8080') does not exist.\n",
    ),
    status: 404,
  },
  {
    name: 'an empty host',
    given: get(''),
    expect: exactly(
      '400 Bad Request',
      explained('empty_host', 'public,max-age=2'),
      '400 Bad Request: Request had empty Host header\n',
    ),
    status: 400,
  },
  {
    name: "the client's own address as host",
    given: get('127.0.0.1'),
    expect: exactly(
      '400 Bad Request',
      explained('empty_host', 'public,max-age=2'),
      '400 Bad Request: Request had empty Host header\n',
    ),
    status: 400,
  },
  {
    name: 'a route without endpoints',
    given: get('app.test'),
    prepare: (lane) => void route(lane, 'app.test', []),
    expect: exactly(
      '503 Service Unavailable',
      explained('no_endpoints', 'public,max-age=2'),
      "503 Service Unavailable: Requested route ('app.test') has no available endpoints.\n",
    ),
    status: 503,
  },
  {
    name: 'a malformed X-CF-App-Instance',
    given: get('app.test', 'X-CF-App-Instance: nonsense'),
    expect: exactly(
      '400 Bad Request',
      explained('invalid_cf_app_instance_header', 'no-cache, no-store'),
      '400 Bad Request: Invalid X-CF-App-Instance Header\n',
    ),
    status: 400,
  },
  {
    name: 'an unknown X-CF-App-Instance',
    given: get('app.test', `X-CF-App-Instance: ${GUID}:3`),
    expect: exactly(
      '400 Bad Request',
      explained('unknown_route', 'no-cache, no-store'),
      `400 Bad Request: Requested instance ('3') with guid ('${GUID}') does not exist for route ('app.test')\n`,
    ),
    status: 400,
  },
  {
    name: 'every endpoint at its connection limit',
    given: get('app.test'),
    prepare: (lane) => {
      const [endpoint] = route(lane, 'app.test', [{ port: 1 }]);
      lane.states.begin(endpoint!);
    },
    expect: exactly(
      '503 Service Unavailable',
      explained('Connection Limit Reached'),
      "503 Service Unavailable: Requested route ('app.test') has reached the connection limit.\n",
    ),
    status: 503,
  },
  {
    name: 'a route with a route service',
    given: get('app.test'),
    prepare: (lane) => void route(lane, 'app.test', [{ port: 1 }], { routeServiceUrl: 'https://rs.test' }),
    expect: exactly(
      '502 Bad Gateway',
      explained('route_service_unsupported'),
      '502 Bad Gateway: Support for route services is disabled.\n',
    ),
    status: 502,
  },
];

describeLane('answers of its own', (stage) => {
  for (const { name, given, prepare, expect: expected, status } of CASES) {
    it(`to ${name} are exact, recorded, and keep the connection`, async () => {
      const lane = await stage.start({ settings: { maxConns: 1 } });
      await prepare?.(lane);
      const client = await stage.client(lane);

      await client.ask(given);

      expect(client.reader.text).to.match(expected);
      const record = await recordOf(lane);
      expect(record.status).to.equal(status);
      expect(record.endpoint).to.equal(undefined);
      expect(record.gorouterTimeMs).to.equal(0);
      const limited = lane.lines.some(({ message }) => message === 'connection-limit-reached');
      expect(limited).to.equal(record.routerError === 'Connection Limit Reached');
      expect(record.responseBytes).to.equal(Number(/Content-Length: (\d+)/.exec(client.reader.text)?.[1]));
      await client.ask(given);
      await recordOf(lane, 1);
    });
  }

  it('to HEAD have no body, but its length', async () => {
    const lane = await stage.start();
    const client = await stage.client(lane);

    await client.ask('HEAD / HTTP/1.1\r\nHost: no.test\r\n\r\n');
    const next = await client.ask(get('no.test'));

    expect(next.startLine).to.equal('HTTP/1.1 404 Not Found');
    const { length } = "404 Not Found: Requested route ('no.test') does not exist.\n";
    expect((await recordOf(lane)).responseBytes).to.equal(length);
  });

  it('say 502 when nobody listens, with the words of the contract', async () => {
    const lane = await stage.start();
    const port = await deadPort();
    route(lane, 'app.test', [{ port }]);
    const client = await stage.client(lane);

    await client.ask(get('app.test'));

    const error = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
    expect(client.reader.text).to.match(
      exactly(
        '502 Bad Gateway',
        explained(`endpoint_failure (${error})`),
        '502 Bad Gateway: Registered endpoint failed to handle the request.\n',
      ),
    );
    const record = await recordOf(lane);
    expect(record.routerError).to.equal(`endpoint_failure (${error})`);
    expect(record.endpoint?.port).to.equal(port);
    expect(record.attempts?.failedAttempts).to.equal(1);
    expect(record.attempts?.backendMs).to.equal(undefined);
    expect(lane.reports).to.deep.equal([
      { key: 'app.test', address: `127.0.0.1:${port}`, verdict: 'mark', error },
    ]);
    expect(lane.counters.badGateways).to.equal(1);
    const line = lane.lines.find(({ message }) => message === 'backend-endpoint-failed');
    expect(Object.keys(line?.data ?? {})).to.deep.equal([
      'route-endpoint',
      'attempt',
      'vcap_request_id',
      'num-endpoints',
      'got-connection',
      'wrote-headers',
      'conn-reused',
      'dns-lookup-time',
      'dial-time',
      'tls-handshake-time',
      'local-address',
      'error',
      'retriable',
    ]);
    expect(line?.data).to.include({
      attempt: 1,
      'got-connection': false,
      error: `incomplete request (${error})`,
    });
  });

  for (const healthy of [true, false]) {
    it(`tell a load balancer that the router is ${healthy ? 'well' : 'not well'}, whatever the host`, async () => {
      const lane = await stage.start({ healthy: () => healthy });
      const client = await stage.client(lane);

      const answer = await client.ask(get('whatever', 'User-Agent: HTTP-Monitor/1.1'));

      expect(answer.startLine).to.equal(healthy ? 'HTTP/1.1 200 OK' : 'HTTP/1.1 503 Service Unavailable');
      expect(answer.body.toString()).to.equal(healthy ? 'ok\n' : '');
      expect(answer.header('cache-control')).to.equal('private, max-age=0');
      await recordOf(lane);
    });
  }

  it('close the connection when a large body comes with the request, after delivering the answer', async () => {
    const lane = await stage.start();
    const client = await stage.client(lane);

    await client.send('POST / HTTP/1.1\r\nHost: no.test\r\nContent-Length: 50000000\r\n\r\n');
    client.socket.write(Buffer.alloc(1_000_000));
    const answer = await client.response();
    await client.reader.untilClosed();

    expect(answer.startLine).to.equal('HTTP/1.1 404 Not Found');
    expect(answer.header('connection')).to.equal('close');
  });

  it('leave the connection usable when a small body comes late', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const first = await client.ask('POST / HTTP/1.1\r\nHost: no.test\r\nContent-Length: 26\r\n\r\n');
    expect(first.header('connection')).to.equal(undefined);
    // If it were read as a request, it would be answered.
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.slice(0, 26));
    const second = await client.ask(get('app.test'));

    expect(second.startLine).to.equal('HTTP/1.1 200 OK');
    await until(() => lane.records.length === 2, 'two records');
  });

  it('warn of semicolons in the target', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask('GET /?a;b HTTP/1.1\r\nHost: app.test\r\n\r\n');

    expect((await recordOf(lane)).routerError).to.equal('deprecated-semicolon-params');
    expect(lane.lines.map((line) => line.message)).to.include('deprecated-semicolon-params');
  });

  it('reach only instances of the route when one is asked for by header', async () => {
    const lane = await stage.start();
    const first = await stage.backend(answering(ok('first')));
    const second = await stage.backend(answering(ok('second')));
    route(lane, 'app.test', [
      anEndpoint({ host: '127.0.0.1', port: first.port, appId: GUID, instanceIndex: '0' }),
      anEndpoint({ host: '127.0.0.1', port: second.port, appId: GUID, instanceIndex: '1' }),
    ]);
    const client = await stage.client(lane);

    for (let i = 0; i < 4; i += 1) {
      const answer = await client.ask(get('app.test', `X-CF-App-Instance: ${GUID}:1`));
      expect(answer.body.toString()).to.equal('second');
    }
    expect(second.received.toLowerCase()).not.to.include('x-cf-app-instance');
  });
});

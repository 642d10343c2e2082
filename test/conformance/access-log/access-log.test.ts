import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseConfig } from '../../../lib/config/load.ts';
import { accessLine } from '../../../lib/log/access-line.ts';
import { type AccessLogSettings, accessLogOptions } from '../../../lib/log/access-options.ts';
import type { RequestSettings } from '../../../lib/request/settings.ts';
import type { Endpoint } from '../../../lib/routes/endpoint.ts';
import { headTracer } from '../../../lib/tracing/trace-request.ts';
import { requestSettings } from '../../../lib/worker/settings.ts';
import { closingAfterEach } from '../../support/closing.ts';
import { ask } from '../../support/http2/ask.ts';
import { http2Client, http2Port } from '../../support/http2/front.ts';
import { deadPort, describeLane, recordOf, route, startFastLane } from '../../support/lane-fixture.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { answering, ok, type Script, ScriptedBackend } from '../../support/scripted-backend.ts';
import { until } from '../../support/until.ts';

interface Case {
  readonly name: string;
  /** Start line and fields, without the empty line, each a line. Latin1. */
  readonly head: readonly string[];
  readonly body?: string;
  readonly script?: Script;
  /** Reads the answer, in place of one whole message. */
  readonly read?: (client: RawClient, backend: ScriptedBackend) => Promise<unknown>;
  /** How often the request is made on one connection; the last one's line counts. */
  readonly times?: number;
  readonly settings?: Partial<RequestSettings>;
  readonly logging?: Partial<AccessLogSettings>;
  readonly endpoint?: Partial<Endpoint>;
  /** Sent ahead of the first request: what a load balancer says of its client. */
  readonly announced?: string;
  /** Whether endpoints that nobody listens for stand before, or in place of, the one that serves. */
  readonly dead?: 'first' | 'only';
}

const HOST = 'Host: shop.test';
const LOGGED: AccessLogSettings = {
  disableLogForwardedFor: false,
  disableLogSourceIp: false,
  redactQueryParams: 'none',
  extraFields: [],
  extraHeaders: [],
};

/** Of a worker among others: what the configuration alone does not say. */
const PLACE = { slot: 0, workers: 1, routerIp: '', errorPage: '' };

const raw = (text: string): string => Buffer.from(text).toString('latin1');

const answer =
  (bytes: string): Script =>
  async ({ request, write }) => {
    await request();
    write(bytes);
  };

const SWITCHING: Script = async ({ reader, write }) => {
  await reader.until('\r\n\r\n');
  write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\ngreetings');
};

const UPGRADE = ['GET /ws HTTP/1.1', HOST, 'Connection: Upgrade', 'Upgrade: websocket'];

const CASES: readonly Case[] = [
  { name: 'a plain GET', head: ['GET /cart?id=7 HTTP/1.1', HOST] },
  {
    name: 'a GET with Referer, User-Agent and forwarded fields',
    head: [
      'GET / HTTP/1.1',
      'Host: shop.test:8080',
      'Referer: https://shop.test/',
      'User-Agent: curl/8.5.0',
      'X-Forwarded-For: 203.0.113.9, 10.1.0.4',
      'X-Forwarded-Proto: https',
    ],
  },
  {
    name: 'a request id that the client made up',
    head: ['GET / HTTP/1.1', HOST, 'X-Vcap-Request-Id: mine'],
    settings: { extraHeadersToLog: ['X-Vcap-Request-Id'] },
  },
  {
    name: 'a POST with Content-Length',
    head: ['POST /a HTTP/1.1', HOST, 'Content-Length: 5'],
    body: 'hello',
  },
  {
    name: 'a chunked PUT, its chunk sizes not counted',
    head: ['PUT /a HTTP/1.1', HOST, 'Transfer-Encoding: chunked'],
    body: '5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-T: 1\r\n\r\n',
  },
  {
    name: 'a HEAD',
    head: ['HEAD /a HTTP/1.1', HOST],
    script: answer('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'),
    read: (client) => client.response('response-to-head'),
  },
  { name: 'HTTP/1.0', head: ['GET /a HTTP/1.0', HOST] },
  { name: 'an absolute-form target', head: ['GET http://other.test:81/a?b HTTP/1.1', HOST] },
  {
    name: 'a chunked answer behind early hints',
    head: ['GET / HTTP/1.1', HOST],
    script: answer(
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
        'HTTP/1.1 203 Hm\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n5\r\n67890\r\n0\r\n\r\n',
    ),
    read: async (client) => {
      await client.reader.until('\r\n\r\n');
      await client.response();
    },
  },
  {
    name: 'an answer without a body',
    head: ['DELETE / HTTP/1.1', HOST],
    script: answer('HTTP/1.1 204 No Content\r\n\r\n'),
    read: (client) => client.reader.until('\r\n\r\n'),
  },
  {
    name: 'an app that sets X-Cf-RouterError',
    head: ['GET / HTTP/1.1', HOST],
    script: answer("HTTP/1.1 500 Oh\r\nX-Cf-RouterError: the app's own\r\nContent-Length: 0\r\n\r\n"),
  },
  {
    name: 'an unknown route',
    head: [
      'GET /x HTTP/1.1',
      'Host: nowhere.test',
      'Referer: http://a.test/',
      'User-Agent: ua',
      'X-Forwarded-For: 198.51.100.7',
    ],
  },
  {
    name: 'a HEAD of an unknown route, which counts the body it does not get',
    head: ['HEAD /x HTTP/1.1', 'Host: nowhere.test'],
    read: (client) => client.response('response-to-head'),
  },
  { name: 'no Host at all', head: ['GET /x HTTP/1.0'] },
  {
    name: "a load balancer's health check",
    head: ['GET / HTTP/1.1', 'Host: any.test', 'User-Agent: HTTP-Monitor/1.1'],
  },
  {
    name: 'a head over the limit',
    head: ['GET /big HTTP/1.1', HOST, `X-Big: ${'x'.repeat(2000)}`],
    settings: { maxRequestHeaderBytes: 1000 },
  },
  {
    name: 'a dead endpoint',
    head: ['GET / HTTP/1.1', HOST],
    dead: 'only',
    settings: { maxAttempts: 1 },
    logging: {
      extraFields: [
        'backend_time',
        'dial_time',
        'dns_time',
        'tls_time',
        'failed_attempts',
        'failed_attempts_time',
        'local_address',
      ],
    },
  },
  {
    name: 'a second attempt that serves',
    head: ['GET / HTTP/1.1', HOST],
    dead: 'first',
    logging: { extraFields: ['failed_attempts', 'failed_attempts_time'] },
  },
  {
    name: 'all extra fields on a new connection',
    head: ['GET / HTTP/1.1', HOST],
    logging: {
      extraFields: [
        'local_address',
        'failed_attempts',
        'no_such_field',
        'failed_attempts_time',
        'local_address',
        'backend_time',
        'dial_time',
        'dns_time',
        'tls_time',
      ],
    },
  },
  {
    name: 'extra fields on a connection used before',
    head: ['GET / HTTP/1.1', HOST],
    times: 2,
    logging: { extraFields: ['dial_time', 'dns_time', 'tls_time', 'local_address'] },
  },
  {
    name: 'a client that leaves while the endpoint is waited for',
    head: ['GET /slow HTTP/1.1', HOST],
    script: async ({ request, socket }) => {
      await request();
      await once(socket, 'close');
    },
    read: async (client, backend) => {
      await until(() => backend.received.includes('\r\n\r\n'), 'the request at the endpoint');
      client.close();
    },
  },
  {
    name: 'a client that leaves in the middle of its answer',
    head: ['GET /half HTTP/1.1', HOST],
    script: answer('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
    read: async (client) => {
      await client.reader.until('half');
      client.close();
    },
  },
  {
    name: 'an endpoint that leaves in the middle of its answer',
    head: ['GET /half HTTP/1.1', HOST],
    script: async ({ request, socket }) => {
      await request();
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    },
    read: (client) => client.reader.untilClosed(),
  },
  {
    name: 'an upgrade',
    head: UPGRADE,
    script: SWITCHING,
    read: async (client) => {
      await client.reader.until('greetings');
      client.close();
    },
  },
  { name: 'a refused upgrade', head: UPGRADE },
  { name: 'a semicolon in the target', head: ['GET /a;b=1?c=2;d HTTP/1.1', HOST] },
  { name: 'a semicolon and another error', head: ['GET /a;b HTTP/1.1', 'Host: nowhere.test'] },
  {
    name: 'bytes in need of escapes',
    head: [
      'GET /"\\< HTTP/1.1',
      HOST,
      'Referer: a"b\\c\td',
      `User-Agent: ${raw('Grüße')} \xff ${raw('\u0085 世')}`,
      'X-Forwarded-For: "1"',
    ],
  },
  {
    name: 'extra headers: repeated, empty, missing, in need of escapes',
    head: [
      'GET / HTTP/1.1',
      HOST,
      'X-Tenant-Id: one',
      'x-tenant-id: two',
      'X-Empty:',
      'Cache-Control: no-cache="x"',
    ],
    settings: { extraHeadersToLog: ['X-Tenant-ID', 'X-Empty', 'Missing', 'cache-control'] },
  },
  {
    name: 'the query left out',
    head: ['GET /cart?id=7 HTTP/1.1', HOST],
    logging: { redactQueryParams: 'all' },
  },
  {
    name: 'the query hashed',
    head: ['GET /cart?abc HTTP/1.1', HOST],
    logging: { redactQueryParams: 'hash' },
  },
  {
    name: 'the query of a POST, which is not redacted',
    head: ['POST /cart?abc HTTP/1.1', HOST, 'Content-Length: 0'],
    logging: { redactQueryParams: 'hash' },
  },
  {
    name: 'an empty query, which is not redacted',
    head: ['GET /cart? HTTP/1.1', HOST],
    logging: { redactQueryParams: 'all' },
  },
  {
    name: 'addresses of clients hidden',
    head: ['GET / HTTP/1.1', HOST],
    logging: { disableLogForwardedFor: true, disableLogSourceIp: true },
  },
  {
    name: 'a client that a load balancer announced',
    announced: 'PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n',
    head: ['GET / HTTP/1.1', HOST],
  },
  {
    name: 'traces, behind the configured headers',
    head: [
      'GET / HTTP/1.1',
      HOST,
      'X-Tenant: one',
      'b3: 463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-1',
      'traceparent: 00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'tracestate: x=1',
    ],
    settings: {
      trace: headTracer({ b3: true, w3c: true, tenant: '' }),
      extraHeadersToLog: requestSettings(
        parseConfig('extra_headers_to_log: [X-Tenant]\ntracing: {enable_zipkin: true, enable_w3c: true}')
          .config,
        PLACE,
      ).extraHeadersToLog,
    },
  },
  {
    name: 'an endpoint that said little of itself',
    head: ['GET / HTTP/1.1', HOST],
    endpoint: { appId: '', instanceId: '', instanceIndex: '' },
  },
];

/** The templates of golden.txt by the name of their case. */
function goldenLines(): Map<string, string> {
  const lines = readFileSync(join(import.meta.dirname, 'golden.txt'), 'utf8').split('\n');
  const golden = new Map<string, string>();
  lines.forEach((line, i) => {
    if (line.startsWith('== ')) golden.set(line.slice(3), lines[i + 1] ?? '');
  });
  return golden;
}

/** What stands for a part that differs from run to run: exact where the test knows it. */
type Known = Readonly<Record<string, string | undefined>>;

const UNKNOWN: Readonly<Record<string, string>> = {
  time: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z',
  id: '[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}',
  s: '\\d+\\.\\d{6}',
  span: '[0-9a-f]{16}',
};

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&');
}

function pattern(template: string, known: Known): RegExp {
  const parts = template.split(/\{(\w+)\}/u);
  const source = parts.map((part, i) => {
    if (i % 2 === 0) return literally(part);
    const value = known[part];
    return value === undefined ? (UNKNOWN[part] ?? `no such part: ${part}`) : literally(value);
  });
  return new RegExp(`^${source.join('')}$`, 'u');
}

const HTTP2 = 'a request over HTTP/2';
const golden = goldenLines();

describe('the golden access log lines', () => {
  it('are those of the cases', () => {
    expect([...golden.keys()]).to.deep.equal([...CASES.map(({ name }) => name), HTTP2]);
  });
});

describeLane('the access log line of', (stage) => {
  for (const given of CASES) {
    it(given.name, async () => {
      const { settings = {}, logging = {}, times = 1 } = given;
      const lane = await stage.start({
        settings,
        listeners: { proxyProtocol: given.announced !== undefined },
      });
      let localPort = 0;
      const backend = await stage.backend((connection, index) => {
        localPort = connection.socket.remotePort ?? 0;
        return (given.script ?? answering(ok()))(connection, index);
      });
      const serving = {
        port: backend.port,
        appId: 'f2a3e0a7-1b7e',
        instanceId: '6f1de3a0-5f3c',
        instanceIndex: '0',
        ...given.endpoint,
      };
      const dead = { port: await deadPort(), instanceId: 'dead', instanceIndex: '0' };
      const pool = { first: [dead, serving], only: [dead], none: [serving] }[given.dead ?? 'none'];
      route(lane, 'shop.test', pool);
      const client = await stage.client(lane);
      const clientPort = client.socket.localPort;

      if (given.announced !== undefined) await client.send(given.announced);
      for (let time = 0; time < times; time += 1) {
        await client.send(`${given.head.join('\r\n')}\r\n\r\n${given.body ?? ''}`);
        if (given.read === undefined) await client.response();
        else await given.read(client, backend);
      }

      const record = await recordOf(lane, times - 1);
      const options = accessLogOptions({
        ...LOGGED,
        extraHeaders: settings.extraHeadersToLog ?? [],
        ...logging,
      });
      const line = accessLine(record, options);
      const ids = [...backend.received.matchAll(/^x-vcap-request-id: (.*)\r$/gimu)];
      const expected = pattern(golden.get(given.name) ?? '', {
        client: `127.0.0.1:${clientPort}`,
        endpoint: `127.0.0.1:${backend.port}`,
        dead: `127.0.0.1:${dead.port}`,
        id: ids.at(-1)?.[1],
        local: `127.0.0.1:${localPort}`,
      });
      expect(line).to.match(expected);
      expect(lane.records).to.have.length(times);
    });
  }
});

describe('the access log line of', () => {
  const closing = closingAfterEach();

  it(HTTP2, async () => {
    const lane = await startFastLane({});
    closing(() => lane.stop());
    const backend = await ScriptedBackend.start(answering(ok()), closing);
    const ids = { appId: 'f2a3e0a7-1b7e', instanceId: '6f1de3a0-5f3c', instanceIndex: '0' };
    route(lane, 'shop.test', [{ port: backend.port, ...ids }]);
    const client = await http2Client(await http2Port(lane, closing), closing);
    const clientPort = client.socket.localPort;

    await ask(
      client,
      { ':method': 'POST', ':authority': 'shop.test', ':path': '/cart?id=7', referer: 'https://shop.test/' },
      'hello',
    );

    const line = accessLine(await recordOf(lane), accessLogOptions(LOGGED));
    const expected = pattern(golden.get(HTTP2) ?? '', {
      client: `127.0.0.1:${clientPort}`,
      endpoint: `127.0.0.1:${backend.port}`,
      id: /^x-vcap-request-id: (.*)\r$/imu.exec(backend.received)?.[1],
    });
    expect(line).to.match(expected);
  });
});

import { expect } from 'chai';
import { makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { ask, field } from '../support/http2/ask.ts';
import { Http2Backend, type StreamHandler } from '../support/http2/backend.ts';
import { http2Client, http2Port } from '../support/http2/front.ts';
import {
  type LaneOptions,
  type RunningLane,
  recordOf,
  route,
  startFastLane,
  startGeneralLane,
} from '../support/lane-fixture.ts';
import { RawClient } from '../support/raw-client.ts';
import { answering, ok, ScriptedBackend } from '../support/scripted-backend.ts';
import { TlsBackend } from '../support/tls-backend.ts';
import { until } from '../support/until.ts';

const SAN = 'app.internal';
const GET = 'GET / HTTP/1.1\r\nHost: a.example.com\r\n\r\n';

for (const [name, start] of [
  ['fast lane', startFastLane],
  ['general lane', startGeneralLane],
] as const) {
  describe(`${name}: endpoints that speak HTTP/2`, () => {
    const closing = closingAfterEach();
    let tls: { cert: string; key: string };
    let ca: string;

    before(async () => {
      const authority = await makeCa();
      ca = authority.cert;
      tls = await makeCert({ ca: authority, cn: SAN, san: [`DNS:${SAN}`] });
    });

    async function aLane(options: LaneOptions = {}): Promise<RunningLane> {
      const lane = await start({ ...options, endpoints: { ca: [ca], ...options.endpoints } });
      closing(() => lane.stop());
      return lane;
    }

    function aBackend(handler: StreamHandler, settings: object = {}): Promise<Http2Backend> {
      return Http2Backend.start(handler, { ...tls, ...settings }, closing);
    }

    function toHttp2(lane: RunningLane, ...backends: { port: number }[]): void {
      const endpoints = backends.map(({ port }) => ({
        port,
        protocol: 'http2',
        tls: true,
        serverCertDomainSan: SAN,
      }));
      route(lane, 'a.example.com', endpoints);
    }

    async function stage(handler: StreamHandler, options: LaneOptions = {}, settings: object = {}) {
      const lane = await aLane(options);
      const backend = await aBackend(handler, settings);
      toHttp2(lane, backend);
      const client = await RawClient.connect(lane.port, closing);
      return { lane, backend, client };
    }

    const hello: StreamHandler = (stream) => {
      stream.respond({ ':status': 200, 'x-app': ['1', '2'] });
      stream.end('hello');
    };

    it('get requests of HTTP/1.1 clients in HTTP/2, over one connection', async () => {
      const { client, backend, lane } = await stage(hello);
      const target = '/p;x/../%2F?q=%20&';
      const answer = await client.ask(
        `GET ${target} HTTP/1.1\r\nHost: a.example.com:80\r\nX-Mixed: Case\r\nTE: trailers\r\nCookie: a=1\r\n\r\n`,
      );
      const record = await recordOf(lane);
      expect(backend.requests[0]).to.deep.equal([
        ...[':method', 'GET', ':scheme', 'https', ':authority', 'a.example.com:80', ':path', target],
        ...['x-mixed', 'Case', 'cookie', 'a=1', 'te', 'trailers'],
        ...['x-forwarded-for', '127.0.0.1', 'x-forwarded-proto', 'http'],
        ...['x-request-start', field(backend.requests[0]!, 'x-request-start')],
        ...['x-vcap-request-id', record.requestId, 'x-cf-applicationid', 'app-guid'],
        ...['x-cf-instanceid', `instance-${backend.port}`, 'x-cf-instanceindex', '0'],
      ]);
      expect(answer.head).to.match(/^HTTP\/1\.1 200 OK\r\nx-app: 1\r\nx-app: 2\r\n/);
      expect(answer.head).to.match(/\r\nTransfer-Encoding: chunked\r\n/);
      expect(answer.body.toString()).to.equal('hello');
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const other = await RawClient.connect(lane.port, closing);
          expect((await other.ask(GET)).body.toString()).to.equal('hello');
        }),
      );
      expect(backend.sessions.length).to.equal(1);
      expect(record).to.include({ protocol: 'HTTP/1.1', status: 200, responseBytes: 5 });
    });

    it('share one connection from the first requests on', async () => {
      const { lane, backend } = await stage(hello);
      const clients = await Promise.all(
        Array.from({ length: 30 }, () => RawClient.connect(lane.port, closing)),
      );
      const answers = await Promise.all(clients.map((each) => each.ask(GET)));
      expect(answers.map((answer) => answer.body.toString())).to.deep.equal(Array(30).fill('hello'));
      expect(backend.sessions.length).to.equal(1);
      expect(lane.counters.attempts).to.equal(30);
    });

    it('get another connection when the first one has no room', async () => {
      const waiting: (() => void)[] = [];
      const { lane, backend } = await stage(
        (stream) => {
          waiting.push(() => {
            stream.respond({ ':status': 200 });
            stream.end();
          });
        },
        {},
        { settings: { maxConcurrentStreams: 2 } },
      );
      const first = await RawClient.connect(lane.port, closing);
      const one = first.ask(GET);
      await until(() => waiting.length === 1, 'the first request');
      await until(() => backend.sessions[0]?.pendingSettingsAck === false, 'the settings');
      const others = await Promise.all(
        Array.from({ length: 4 }, () => RawClient.connect(lane.port, closing)),
      );
      const answers = others.map((each) => each.ask(GET));
      await until(() => waiting.length === 5, 'all requests');
      expect(backend.sessions.length).to.be.within(3, 5);
      for (const answer of waiting) answer();
      expect((await Promise.all([one, ...answers])).map(({ startLine }) => startLine)).to.deep.equal(
        Array(5).fill('HTTP/1.1 200 OK'),
      );
    });

    it('get bodies and trailers, and give them', async () => {
      const { backend, client } = await stage((stream) => {
        const chunks: Buffer[] = [];
        let trailers: string[] = [];
        stream.on('data', (bytes: Buffer) => chunks.push(bytes));
        stream.on('trailers', (_headers, _flags, ...[raw = []]: [raw?: string[]]) => {
          trailers = raw;
        });
        stream.on('end', () => {
          stream.respond({ ':status': 200, trailer: 'x-sum, cookie' }, { waitForTrailers: true });
          stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': ['1', '2'], cookie: 'no' }));
          stream.end(`${Buffer.concat(chunks)} ${trailers}`);
        });
      });
      const answer = await client.ask(
        'POST / HTTP/1.1\r\nHost: a.example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\nHost: no\r\n\r\n',
      );
      expect(answer.head).to.match(/\r\ntrailer: x-sum\r\n/);
      expect(client.reader.text.split('\r\n\r\n').slice(1).join('\r\n\r\n')).to.equal(
        '9\r\nabc x-t,1\r\n0\r\nx-sum: 1\r\nx-sum: 2\r\n\r\n',
      );
      expect(field(backend.requests[0]!, 'transfer-encoding')).to.equal(undefined);
      await client.ask('PUT / HTTP/1.1\r\nHost: a.example.com\r\nContent-Length: 4\r\n\r\nbody');
      expect(field(backend.requests[1]!, 'content-length')).to.equal('4');
      expect(client.reader.text).to.match(/body /);
    });

    it('serve clients of HTTP/2 end to end', async () => {
      const { lane } = await stage((stream) => {
        stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.pipe(stream);
      });
      const client = await http2Client(await http2Port(lane, closing), closing);
      const body = Buffer.alloc(3_000_000, 'abcdefg');
      const answer = await ask(client, { ':method': 'POST', te: 'trailers' }, body);
      expect(answer.interim).to.deep.equal([[':status', '103', 'link', '</a.css>']]);
      expect(answer.trailers).to.deep.equal(['grpc-status', '0']);
      expect(answer.body.equals(body)).to.equal(true);
      expect(await recordOf(lane)).to.include({ requestBytes: 3_000_000, responseBytes: 3_000_000 });
    });

    it('end an answer without a body for every client', async () => {
      const { lane, client } = await stage((stream, fields) => {
        const status = field(fields, ':path')!.slice(1);
        stream.respond({ ':status': status, 'x-a': 'b' }, { endStream: true });
      });
      const http2 = await http2Client(await http2Port(lane, closing), closing);
      for (const status of [200, 204, 304, 404]) {
        const answer = await client.ask(GET.replace('/', `/${status}`));
        expect([answer.startLine.split(' ')[1], answer.body.length]).to.deep.equal([String(status), 0]);
        const other = await ask(http2, { ':path': `/${status}` });
        expect([other.status, other.body.length, other.rstCode]).to.deep.equal([status, 0, 0]);
      }
      const head = await client.ask(GET.replace('GET /', 'HEAD /200'));
      expect(head.startLine).to.match(/^HTTP\/1\.1 200 /);
    });

    it('may choose HTTP/1.1, or say nothing', async () => {
      for (const ALPNProtocols of [['http/1.1'], undefined]) {
        const lane = await aLane();
        const backend = await TlsBackend.start(closing, 'plain', { ...tls, ALPNProtocols });
        toHttp2(lane, backend);
        const client = await RawClient.connect(lane.port, closing);
        for (let i = 0; i < 3; i += 1) expect((await client.ask(GET)).body.toString()).to.equal('plain');
        expect(backend.connections).to.equal(1);
      }
    });

    it('are spoken to in HTTP/1.1 without TLS', async () => {
      const lane = await aLane();
      const backend = await ScriptedBackend.start(answering(ok('plain')), closing);
      route(lane, 'a.example.com', [{ port: backend.port, protocol: 'http2' }]);
      const client = await RawClient.connect(lane.port, closing);
      expect((await client.ask(GET)).body.toString()).to.equal('plain');
      expect(backend.received).to.match(/^GET \/ HTTP\/1\.1\r\n/);
    });

    it('are told of a reset by name, without another attempt', async () => {
      const { lane, client, backend } = await stage((stream) => stream.close(8));
      const answer = await client.ask(GET);
      expect(answer.startLine).to.match(/^HTTP\/1\.1 502 /);
      expect(answer.head).to.include(
        'endpoint_failure (stream error: stream ID 1; CANCEL; received from peer)\r\n',
      );
      expect(backend.requests.length).to.equal(1);
      expect(lane.reports).to.deep.equal([]);
      expect((await client.ask(GET)).head).to.include('stream ID 3; CANCEL');
      expect(backend.sessions.length).to.equal(1);
    });

    it('may refuse a stream, which then goes elsewhere whatever its method', async () => {
      const lane = await aLane();
      const refusing = await aBackend((stream) => stream.close(7));
      const serving = await aBackend(hello);
      toHttp2(lane, refusing, serving);
      const client = await RawClient.connect(lane.port, closing);
      for (let i = 0; i < 2; i += 1) {
        const answer = await client.ask(
          'POST / HTTP/1.1\r\nHost: a.example.com\r\nContent-Length: 0\r\n\r\n',
        );
        expect(answer.body.toString()).to.equal('hello');
      }
      expect([refusing.requests.length, serving.requests.length]).to.deep.equal([1, 2]);
      expect(lane.lines.filter((line) => line.message === 'backend-endpoint-failed').length).to.equal(1);
    });

    it('say GOAWAY: what runs finishes, what comes gets a new connection', async () => {
      let finish = (): void => {};
      const { lane, client, backend } = await stage((stream, fields, session) => {
        if (field(fields, ':path') !== '/slow') {
          hello(stream, fields, session);
          return;
        }
        finish = () => {
          stream.respond({ ':status': 200 });
          stream.end('slow');
        };
        session.close();
      });
      const slow = client.ask(GET.replace('/', '/slow'));
      await until(() => backend.requests.length === 1, 'the slow request');
      const other = await RawClient.connect(lane.port, closing);
      expect((await other.ask(GET)).body.toString()).to.equal('hello');
      finish();
      expect((await slow).body.toString()).to.equal('slow');
      expect(backend.sessions.length).to.equal(2);
    });

    it('say GOAWAY with an error: 502, in its words', async () => {
      const { client } = await stage((_stream, _fields, session) => session.destroy(new Error('x'), 11));
      const answer = await client.ask(GET.replace('GET', 'POST'));
      expect(answer.startLine).to.match(/^HTTP\/1\.1 502 /);
      expect(answer.head).to.match(
        /endpoint_failure \(http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=ENHANCE_YOUR_CALM, debug=""\)/,
      );
    });

    it('say GOAWAY with CANCEL, uploads on their way: 502 for each, and nothing else', async () => {
      const { lane, backend } = await stage((stream) => stream.pause());
      const answers = Array.from({ length: 10 }, async () => {
        const client = await RawClient.connect(lane.port, closing);
        const head = 'POST / HTTP/1.1\r\nHost: a.example.com\r\nTransfer-Encoding: chunked\r\n\r\n';
        await client.send(`${head}${(500_000).toString(16)}\r\n${'x'.repeat(400_000)}`);
        return client.response();
      });
      await until(() => backend.requests.length === 10, 'the uploads');
      for (const session of backend.sessions) session.goaway(8);
      for (const answer of await Promise.all(answers)) expect(answer.startLine).to.match(/ 502 /);
      backend.handler = hello;
      const client = await RawClient.connect(lane.port, closing);
      expect((await client.ask(GET)).body.toString()).to.equal('hello');
    });

    it('die: 502 for what may have been done, a new connection for what came upon a dead one', async () => {
      const dying: StreamHandler = () => backend.sockets.at(-1)!.destroy();
      const { client, backend } = await stage((...all) => dying(...all));
      const post = GET.replace('GET', 'POST');
      const failed = await client.ask(post);
      expect(failed.startLine).to.match(/^HTTP\/1\.1 502 /);
      expect(failed.head).to.include('endpoint_failure (EOF)');
      backend.handler = hello;
      expect((await client.ask(post)).body.toString()).to.equal('hello');
      backend.handler = (...all) => {
        backend.handler = hello;
        dying(...all);
      };
      expect((await client.ask(post)).body.toString()).to.equal('hello');
      expect([backend.sessions.length, backend.requests.length]).to.deep.equal([3, 4]);
    });

    it('break off an answer: the client is cut', async () => {
      const { client, lane } = await stage((stream) => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true }); // or node ends it properly first
        stream.write('part', () => stream.close(2));
      });
      await client.send(GET);
      await client.reader.untilClosed();
      expect(client.reader.text).to.match(/\r\n\r\n4\r\npart\r\n$/);
      expect((await recordOf(lane)).status).to.equal(200);
    });

    it('are told at once when the client leaves', async () => {
      let code: number | undefined;
      const { client, backend, lane } = await stage((stream) => {
        stream.on('close', () => {
          code = stream.rstCode;
        });
      });
      await client.send(GET);
      await until(() => backend.requests.length === 1, 'the request');
      client.close();
      await until(() => code !== undefined, 'the reset');
      expect(code).to.equal(8);
      expect((await recordOf(lane)).status).to.equal(499);
      const other = await RawClient.connect(lane.port, closing);
      backend.handler = hello;
      expect((await other.ask(GET)).startLine).to.equal('HTTP/1.1 200 OK');
      expect(backend.sessions.length).to.equal(1);
    });

    it('are given up when endpoint_timeout is over, and the connection is kept', async () => {
      const { client, backend } = await stage(() => {}, { endpoints: { endpointTimeoutMs: 100 } });
      const answer = await client.ask(GET);
      expect(answer.startLine).to.match(/^HTTP\/1\.1 502 /);
      expect(answer.head).to.include('endpoint_failure (context deadline exceeded)');
      backend.handler = hello;
      expect((await client.ask(GET)).startLine).to.equal('HTTP/1.1 200 OK');
      expect(backend.sessions.length).to.equal(1);
    });

    it('have one connection for each request when keep-alive is off', async () => {
      const { client, backend } = await stage(hello, { settings: { disableKeepAlives: true } });
      for (let i = 0; i < 3; i += 1) expect((await client.ask(GET)).body.toString()).to.equal('hello');
      expect(backend.sessions.length).to.equal(3);
      await until(() => backend.sessions.every((session) => session.destroyed), 'the end of the connections');
    });

    it('keep a slow client from filling memory', async () => {
      let sent = 0;
      const { client } = await stage((stream) => {
        stream.respond({ ':status': 200 });
        const more = (): void => {
          while (sent < 64_000_000) {
            sent += 64_000;
            if (!stream.write(Buffer.alloc(64_000))) break;
          }
        };
        stream.on('drain', more);
        more();
      });
      client.socket.pause();
      await client.send(GET);
      let before = -1;
      await until(() => {
        const still = sent === before;
        before = sent;
        return sent > 0 && still;
      }, 'the endpoint to be held up');
      expect(sent).to.be.lessThan(32_000_000);
    });

    it('serve clients of HTTP/1.0', async () => {
      const { lane } = await stage((stream) => {
        stream.respond({ ':status': 200 });
        stream.end('hello');
      });
      const client = await RawClient.connect(lane.port, closing);
      await client.send('GET / HTTP/1.0\r\nHost: a.example.com\r\n\r\n');
      await client.reader.untilClosed();
      expect(client.reader.text).to.match(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nhello$/);
      expect(client.reader.text).not.to.match(/transfer-encoding/i);
      expect(await recordOf(lane)).to.include({ protocol: 'HTTP/1.0', status: 200, responseBytes: 5 });
    });

    it('give back what waits behind an early answer', async () => {
      const { client, backend } = await stage((stream) => {
        stream.respond({ ':status': 403 });
        stream.end('no');
      });
      const early = await client.ask('POST / HTTP/1.1\r\nHost: a.example.com\r\nContent-Length: 4\r\n\r\nbo');
      expect(early.startLine).to.equal('HTTP/1.1 403 Forbidden');
      backend.handler = hello;
      await client.send(`dy${GET}`);
      expect((await client.response()).body.toString()).to.equal('hello');
    });
  });
}

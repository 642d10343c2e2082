import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { expect } from 'chai';
import { RouterError } from '../../lib/errors.ts';
import type { RouteView } from '../../lib/status/sources.ts';
import { type StatusAddresses, StatusServer, type StatusSettings } from '../../lib/status/status-server.ts';
import { closingAfterEach } from '../support/closing.ts';
import { anEndpoint } from '../support/endpoint-fixture.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { ChangingSources } from '../support/status-sources.ts';
import { TurnCounter } from '../support/turn-counter.ts';
import { until } from '../support/until.ts';

const SETTINGS: StatusSettings = {
  host: '127.0.0.1',
  port: 0,
  user: 'router-status',
  pass: 'secret',
  plainHealth: true,
  componentServer: false,
  routesPort: 0,
  defaultAlgorithm: 'round-robin',
};
const AUTH = `Basic ${Buffer.from('router-status:secret').toString('base64')}`;
const NOT_FOUND = { status: 404, body: '404 page not found\n' };
const UNAUTHORIZED = { status: 401, body: '401 Unauthorized\n' };

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('StatusServer', () => {
  const closing = closingAfterEach();

  async function start(settings: Partial<StatusSettings> = {}) {
    const sources = new ChangingSources();
    const log = recordingLogger();
    const server = new StatusServer({ ...SETTINGS, ...settings }, sources, log);
    closing(() => server.stop());
    const addresses = await server.start();
    return { server, sources, log, addresses, ...ports(addresses) };
  }

  function ports({ health, routes }: StatusAddresses) {
    return { healthPort: health?.port ?? 0, routesPort: routes.port };
  }

  async function ask(
    port: number,
    path: string,
    options: { method?: string; auth?: string } = {},
  ): Promise<Answer> {
    const headers = options.auth === undefined ? {} : { authorization: options.auth };
    const asked = request({
      host: '127.0.0.1',
      port,
      path,
      method: options.method ?? 'GET',
      headers,
      agent: false,
    });
    asked.end();
    const [response] = await once(asked, 'response');
    let body = '';
    for await (const piece of response.setEncoding('utf8')) body += piece;
    return { status: response.statusCode, headers: response.headers, body };
  }

  async function raw(port: number, bytes: string): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port });
    closing(() => socket.destroy());
    let text = '';
    socket.setEncoding('latin1').on('data', (data) => {
      text += data;
    });
    socket.on('error', () => {}); // a reset is one way to be refused
    socket.write(bytes, 'latin1');
    await new Promise((resolve) => socket.on('close', resolve));
    return text;
  }

  describe('health', () => {
    it('says ok or 503 as the router stands, to any method', async () => {
      const { healthPort, sources } = await start();
      for (const method of ['GET', 'POST', 'DELETE']) {
        const up = await ask(healthPort, '/health?x=1', { method });
        expect(up).to.deep.include({ status: 200, body: 'ok\n' });
        expect(up.headers).to.include({
          'cache-control': 'private, max-age=0',
          expires: '0',
          'content-length': '3',
        });
      }
      sources.isHealthy = false;
      const down = await ask(healthPort, '/health');
      expect(down).to.deep.include({ status: 503, body: '' });
      expect(down.headers).to.include({
        'cache-control': 'private, max-age=0',
        expires: '0',
        'content-length': '0',
      });
    });

    it('answers HEAD with the same head', async () => {
      const { healthPort } = await start();
      const { status, headers, body } = await ask(healthPort, '/health', { method: 'HEAD' });
      expect([status, headers['content-length'], body]).to.deep.equal([200, '3', '']);
    });

    it('says that the process is alive while it is not healthy', async () => {
      const { healthPort, sources } = await start();
      sources.isHealthy = false;
      const answer = await ask(healthPort, '/is-process-alive-do-not-use-for-loadbalancing');
      expect(answer).to.deep.include({ status: 200, body: 'ok\n' });
    });

    it('knows no other path, credentials or not', async () => {
      const { healthPort } = await start();
      for (const path of ['/', '/healthz', '/health/', '//health', '/routes', '/varz', '/workers', '/%2e']) {
        const answer = await ask(healthPort, path, { auth: AUTH });
        expect(answer, path).to.deep.include(NOT_FOUND);
        expect(answer.headers['content-type']).to.equal('text/plain; charset=utf-8');
      }
    });

    it('keeps the connection for the next question', async () => {
      const { healthPort } = await start();
      const text = await raw(
        healthPort,
        'GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET http://a/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      );
      expect(text.match(/HTTP\/1\.1 200 OK/g)).to.have.length(2);
    });

    it('is absent when health without TLS is switched off', async () => {
      const { addresses } = await start({ plainHealth: false, componentServer: true });
      expect(addresses.health).to.equal(undefined);
    });
  });

  describe('the routes listener', () => {
    it('listens on loopback alone, health on all addresses', async () => {
      const { addresses } = await start();
      expect([addresses.health?.host, addresses.routes.host]).to.deep.equal(['0.0.0.0', '127.0.0.1']);
    });

    it('shows the routes to those who may see them', async () => {
      const { routesPort, sources } = await start();
      const endpoint = anEndpoint({ instanceId: '' });
      sources.views = [
        { key: 'b.example.com', endpoints: [] },
        { key: 'a.example.com', endpoints: [{ endpoint, restored: true }] },
      ];
      const answer = await ask(routesPort, '/routes', { auth: AUTH });
      expect(answer.status).to.equal(200);
      expect(answer.headers).to.include({ 'content-type': 'application/json', connection: 'close' });
      expect(answer.body).to.equal(
        '{"a.example.com":[{"address":"10.0.0.1:8080","availability_zone":"","protocol":"http1","tls":false,' +
          '"ttl":120,"tags":null,"load_balancing_algorithm":"round-robin","restored":true}],"b.example.com":[]}\n',
      );
      const head = await ask(routesPort, '/routes', { auth: AUTH, method: 'HEAD' });
      expect([head.status, head.headers['content-type'], head.body]).to.deep.equal([
        200,
        'application/json',
        '',
      ]);
    });

    it('refuses everybody else, whatever the path', async () => {
      const { routesPort } = await start();
      for (const path of ['/routes', '/varz', '/workers', '/nothing']) {
        for (const auth of [
          undefined,
          AUTH.toLowerCase(),
          'Bearer x',
          `${AUTH} `.replace('Basic ', 'Basic  '),
        ]) {
          const answer = await ask(routesPort, path, auth === undefined ? {} : { auth });
          expect(answer, `${path} ${auth}`).to.deep.include(UNAUTHORIZED);
          expect(answer.headers['www-authenticate']).to.equal('Basic');
        }
      }
    });

    it('answers 404 to other paths with credentials', async () => {
      const { routesPort } = await start();
      expect(await ask(routesPort, '/nothing', { auth: AUTH })).to.deep.include(NOT_FOUND);
      expect(await ask(routesPort, '/routes/', { auth: AUTH })).to.deep.include(NOT_FOUND);
    });

    it('shows figures of the router and of each worker', async () => {
      const { routesPort, sources } = await start();
      const varz = await ask(routesPort, '/varz', { auth: AUTH });
      expect(varz.headers).to.include({ 'content-type': 'application/json', connection: 'close' });
      expect(JSON.parse(varz.body)).to.include({ type: 'Router', urls: 7, droplets: 8, sequence: 41 });
      const workers = await ask(routesPort, '/workers', { auth: AUTH });
      expect(JSON.parse(workers.body)).to.deep.equal([
        {
          id: 1,
          pid: 4711,
          state: 'listening',
          epoch: 'e1',
          sequence: 41,
          acked_sequence: 40,
          lag_changes: 1,
          lag_ms: 2.5,
          resyncs: 0,
          checksum: 99,
          routes: 7,
          endpoints: 9,
          requests: 0,
          active_requests: 1,
          connections: 2,
          tunnels: 3,
          idle_endpoint_connections: 4,
          access_log_dropped: 0,
          rss_bytes: 52_428_800,
          heap_used_bytes: 10_000_000,
          cpu_ms: 1500,
          loop_delay_max_ms: 11,
        },
      ]);
      sources.isHealthy = false;
      expect(await ask(routesPort, '/healthz')).to.deep.include({ status: 503, body: '' });
    });

    it('shows 100,000 routes, reading them over many turns of the event loop', async () => {
      const { routesPort, sources } = await start();
      const tags = { component: 'route-emitter', source_id: 'x' };
      const counter = TurnCounter.start(closing);
      const turns = new Set<number>();
      sources.views = {
        *[Symbol.iterator](): Generator<RouteView> {
          for (let i = 0; i < 100_000; i += 1) {
            turns.add(counter.turns);
            const endpoint = anEndpoint({ host: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, tags });
            const key = `app-${(i * 7919) % 100_000}.example.com`;
            yield { key, endpoints: [{ endpoint, restored: false }] };
          }
        },
      };
      const { body } = await ask(routesPort, '/routes', { auth: AUTH });
      const shown = JSON.parse(body);
      expect(Object.keys(shown)).to.have.length(100_000);
      expect(shown['app-7919.example.com'][0].address).to.equal('10.0.0.1:8080');
      expect(turns.size).to.be.greaterThan(4);
    });

    it('survives readers that leave in the middle, and routes that cannot be told', async () => {
      const { routesPort, sources, log } = await start();
      const views = (function* () {
        for (let i = 0; i < 50_000; i += 1)
          yield { key: `${i}`, endpoints: [{ endpoint: anEndpoint(), restored: false }] };
      })();
      let ended = false;
      sources.views = {
        *[Symbol.iterator]() {
          yield* views;
          ended = true;
        },
      };
      const socket = connect({ host: '127.0.0.1', port: routesPort });
      socket.on('error', () => {});
      socket.write(`GET /routes HTTP/1.1\r\nHost: a\r\nAuthorization: ${AUTH}\r\n\r\n`);
      await once(socket, 'data');
      socket.destroy();
      await until(() => ended, 'the end of the reading');

      sources.views = {
        // biome-ignore lint/correctness/useYield: it fails before the first
        *[Symbol.iterator](): Generator<RouteView> {
          throw new Error('torn');
        },
      };
      expect(
        await raw(routesPort, `GET /routes HTTP/1.1\r\nHost: a\r\nAuthorization: ${AUTH}\r\n\r\n`),
      ).not.to.contain('}');
      expect(log.lines.map(({ message }) => message)).to.deep.equal(['status-request-failed']);
      expect(await ask(routesPort, '/healthz')).to.deep.include({ status: 200 });
    });
  });

  describe('the component server', () => {
    it('takes the place of the health server, with figures and routes behind credentials', async () => {
      const { healthPort, routesPort, server } = await start({ componentServer: true });
      for (const path of ['/health', '/healthz']) {
        expect(await ask(healthPort, path)).to.deep.include({ status: 200, body: 'ok\n' });
      }
      for (const path of ['/varz', '/routes']) {
        expect(await ask(healthPort, path)).to.deep.include(UNAUTHORIZED);
        expect(await ask(healthPort, path, { auth: AUTH })).to.deep.include({ status: 200 });
      }
      const alive = '/is-process-alive-do-not-use-for-loadbalancing';
      expect(await ask(healthPort, alive)).to.deep.include(UNAUTHORIZED);
      expect(await ask(healthPort, alive, { auth: AUTH })).to.deep.include(NOT_FOUND);
      expect(await ask(routesPort, '/routes', { auth: AUTH })).to.deep.include({ status: 200 });
      expect(server.varz()).to.include({ host: `127.0.0.1:${healthPort}` });
    });
  });

  describe('life', () => {
    it('says which address is in use, in the words of gorouter, and leaves nothing open', async () => {
      const taken = createServer().listen(0, '0.0.0.0');
      closing(() => taken.close());
      await once(taken, 'listening');
      const { port } = taken.address() as { port: number };
      const server = new StatusServer({ ...SETTINGS, port }, new ChangingSources(), recordingLogger());
      const error = await server.start().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error)
        .to.be.instanceOf(RouterError)
        .and.include({
          code: 'LISTEN_FAILED',
          message: `listen tcp 0.0.0.0:${port}: bind: address already in use`,
        });
      // Mocha ends only when no listener is left behind.
    });

    it('stops at once with connections open, and twice', async () => {
      const { server, healthPort } = await start();
      const agent = new Agent({ keepAlive: true });
      closing(() => agent.destroy());
      const asked = request({ host: '127.0.0.1', port: healthPort, path: '/health', agent }).end();
      const [response] = await once(asked, 'response');
      response.resume();
      await once(response, 'end');
      await Promise.all([server.stop(), server.stop()]);
      const refused = await ask(healthPort, '/health').then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      );
      expect(refused).to.equal('ECONNREFUSED');
    });
  });

  describe('peers that misbehave', () => {
    const garbage: { name: string; bytes: string; answer: RegExp }[] = [
      {
        name: 'no HTTP at all',
        bytes: '\x16\x03\x01\x02\x00\x01\x00\xff\xff\r\n\r\n',
        answer: /^HTTP\/1\.1 400 /,
      },
      { name: 'no Host', bytes: 'GET /health HTTP/1.1\r\n\r\n', answer: /^HTTP\/1\.1 400 / },
      {
        name: 'a head without end',
        bytes: `GET /health HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}`,
        // A reset can overtake the answer, since we were still sending.
        answer: /^$|^HTTP\/1\.1 431 /,
      },
      {
        name: 'two lengths',
        bytes: 'POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
        answer: /400 /,
      },
      {
        name: 'an odd expectation',
        bytes: 'GET /health HTTP/1.1\r\nHost: a\r\nExpect: y\r\nConnection: close\r\n\r\n',
        answer: /^HTTP\/1\.1 417 /,
      },
      { name: 'CONNECT', bytes: 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', answer: /^$|^HTTP/ },
    ];
    for (const { name, bytes, answer } of garbage) {
      it(`are refused when they send ${name}, and others go on`, async () => {
        const { healthPort } = await start();
        expect(await raw(healthPort, bytes)).to.match(answer);
        expect(await ask(healthPort, '/health')).to.deep.include({ status: 200 });
      });
    }

    it('are cut off when they do not finish their request in time', async () => {
      const { healthPort } = await start({ limitMs: 100 });
      const [silent, slow] = await Promise.all([raw(healthPort, ''), raw(healthPort, 'GET /health HT')]);
      expect(silent).not.to.contain('200');
      expect(slow).not.to.contain('200');
    });

    it('are cut off when they do not read their answer in time', async () => {
      const { routesPort, sources } = await start({ limitMs: 300 });
      sources.views = Array.from({ length: 60_000 }, (_, i) => ({
        key: `${i}`,
        endpoints: [{ endpoint: anEndpoint(), restored: false }],
      }));
      const socket = connect({ host: '127.0.0.1', port: routesPort });
      closing(() => socket.destroy());
      socket.on('error', () => {}); // cut while data was still unread
      socket.write(`GET /routes HTTP/1.1\r\nHost: a\r\nAuthorization: ${AUTH}\r\n\r\n`);
      const sockets = () =>
        process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
      await once(socket, 'readable');
      const open = sockets();
      await until(() => sockets() < open, 'the end of the server side');
      let bytes = 0;
      socket.on('data', (data) => {
        bytes += data.length;
      });
      await once(socket, 'close');
      expect(bytes)
        .to.be.greaterThan(0)
        .and.lessThan(60_000 * 100);
    });
  });
});

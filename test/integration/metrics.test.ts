import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { freePort } from '../support/free-port.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { metricsUrl, type Series, scrape } from '../support/metrics-client.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

/** gorouter's, without labels: there from the start. */
const UNLABELLED = [
  'routes_pruned',
  'routes_registered',
  'routes_unregistered',
  'total_routes',
  'ms_since_last_registry_update',
  'route_lookup_time',
  'gorouter_time',
  'route_registration_latency',
  'rejected_requests',
  'bad_gateways',
  'backend_exhausted_conns',
  'backend_invalid_id',
  'backend_invalid_tls_cert',
  'backend_tls_handshake_failed',
  'empty_content_length_header',
  'websocket_upgrades',
  'websocket_failures',
  'file_descriptors',
  'buffered_messages',
  'total_dropped_messages',
];

const LABELLED = [
  'registry_message',
  'unregistry_message',
  'endpoints_per_pool',
  'total_requests',
  'responses',
  'responses_route_services',
  'latency',
  'http_latency_seconds',
];

describe('the metrics of a router', () => {
  const closing = closingAfterEach();

  async function start(config = '', prometheus = 'enabled: true') {
    const nats = await NatsServer.start(closing);
    const hosts = `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`;
    const router = await RouterProcess.start(closing, `${hosts}\nprometheus: {${prometheus}}\n${config}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    return { router, emitter, url: await metricsUrl(router) };
  }

  /** The page, once a series has that value: workers report once a second. */
  function showing(url: string, series: string, value: number): Promise<Series> {
    return until(async () => {
      const found = await scrape(url);
      return found.get(series) === value ? found : undefined;
    }, `${series} ${value}`);
  }

  it('are there from the start where they have no labels, and not before their first use where they have', async () => {
    const { url } = await start();
    const series = await scrape(url);
    for (const name of UNLABELLED) expect(series.has(name), name).to.equal(true);
    expect(series.get('ms_since_last_registry_update')).to.equal(-1);
    const names = new Set([...series.keys()].map((key) => key.split('{')[0]));
    for (const name of LABELLED) expect(names.has(name), name).to.equal(false);
    expect(series.get('promhttp_metric_handler_errors_total{cause="gathering"}')).to.equal(0);
    expect(series.get('promhttp_metric_handler_errors_total{cause="encoding"}')).to.equal(0);
    expect(series.get('file_descriptors')).to.be.above(30);
    expect((await fetch(url.replace('/metrics', '/'))).status).to.equal(404);
  });

  it('count messages, attempts and answers by component, over all workers', async () => {
    const { router, emitter, url } = await start('per_app_prometheus_http_metrics_reporting: true');
    const backend = await HttpBackend.start(closing, 'a', (req, res) => {
      res.statusCode = Number(req.url?.slice(1));
      res.end('answer');
    });
    const tags = { component: 'api', source_id: 'app-1' };
    const at = Date.now() - 2000;
    emitter.register({
      uris: ['a.test', 'b.test'],
      port: backend.port,
      tags,
      endpoint_updated_at_ns: at * 1_000_000,
    });
    emitter.register({
      uris: ['a.test', 'b.test'],
      port: backend.port,
      tags,
      endpoint_updated_at_ns: at * 1_000_000,
    });
    const dead = await freePort();
    emitter.register({ uris: ['dead.test'], port: dead });
    emitter.unregister({ uris: ['b.test', 'never.test'], port: backend.port, tags });
    await emitter.settled();
    const statuses = [200, 204, 302, 404, 500, 503];
    for (const status of [...statuses, ...statuses]) {
      expect((await get(router, 'a.test', `/${status}`)).status).to.equal(status);
    }
    expect((await get(router, 'dead.test')).status).to.equal(502);
    expect((await get(router, 'unknown.test')).status).to.equal(404);

    const series = await showing(url, 'turnout_requests_total', 14);
    const expected: [string, number][] = [
      ['registry_message{component="api",action="added"}', 2],
      ['registry_message{component="api",action="refreshed"}', 2],
      ['registry_message{component="",action="added"}', 1],
      ['unregistry_message{component="api"}', 2],
      ['routes_registered', 3],
      ['routes_unregistered', 1],
      ['total_routes', 2],
      ['total_requests{component="api"}', 12],
      ['total_requests{component=""}', 1],
      ['responses{status_group="2xx"}', 4],
      ['responses{status_group="3xx"}', 2],
      ['responses{status_group="4xx"}', 2],
      ['responses{status_group="5xx"}', 5],
      ['rejected_requests', 1],
      ['bad_gateways', 1],
      ['turnout_request_duration_seconds_count', 14],
      ['turnout_request_duration_seconds_bucket{le="+Inf"}', 14],
      ['turnout_workers{state="listening"}', 2],
      ['turnout_healthy', 1],
    ];
    for (const [name, value] of expected) expect(series.get(name), name).to.equal(value);
    expect(series.has('responses{status_group="xxx"}')).to.equal(false);
    expect(series.get('latency{component="api"}')).to.be.within(0.01, 10_000);
    expect(series.get('http_latency_seconds{source_id="app-1"}')).to.be.within(0.00001, 10);
    expect(series.get('http_latency_seconds{source_id="gorouter"}')).to.be.within(0.000001, 10);
    expect(series.get('gorouter_time')).to.be.within(0, 10);
    expect(series.get('route_lookup_time')).to.be.above(0);
    expect(series.get('route_registration_latency')).to.be.within(2000, 60_000);
    expect(series.get('turnout_worker_file_descriptors{worker="1"}')).to.be.above(5);
  });

  it('count WebSockets that an endpoint answered, and those that none did', async () => {
    const { router, emitter, url } = await start();
    const backend = await HttpBackend.start(closing, 'a', (_, res) => void res.writeHead(403).end());
    emitter.register({ uris: ['a.test'], port: backend.port });
    emitter.register({ uris: ['dead.test'], port: await freePort() });
    await emitter.settled();
    const upgrade = { connection: 'Upgrade', upgrade: 'WebSocket', 'sec-websocket-version': '13' };
    for (const [host, status] of [
      ['a.test', 403],
      ['a.test', 403],
      ['dead.test', 502],
    ] as const) {
      const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
      expect((await get(router, host, '/', { ...upgrade, ...key })).status).to.equal(status);
    }
    await get(router, 'a.test', '/', { ...upgrade, upgrade: 'tcp' });
    const series = await showing(url, 'turnout_requests_total', 4);
    expect([series.get('websocket_upgrades'), series.get('websocket_failures')]).to.deep.equal([2, 1]);
  });

  it('go on counting from where they were when a worker dies', async () => {
    const { router, emitter, url } = await start();
    const backend = await HttpBackend.start(closing, 'a');
    emitter.register({ uris: ['a.test'], port: backend.port, tags: { component: 'x' } });
    await emitter.settled();
    for (let i = 0; i < 20; i += 1) await get(router, 'a.test');
    const before = await showing(url, 'total_requests{component="x"}', 20);
    const [first, second] = await router.status('/workers');
    for (const worker of [first, second]) process.kill(worker?.pid ?? 0, 'SIGKILL');
    const after = await showing(url, 'turnout_worker_deaths_total', 2);
    for (const [name, value] of before) {
      if (/^(?:total_requests|responses|registry_message|turnout_\w+_(?:total|count|bucket))/.test(name)) {
        expect(after.get(name), name).to.be.at.least(value);
      }
    }
    await until(async () => (await router.health()) === 200, 'a worker that listens');
    await emitter.settled();
    await get(router, 'a.test');
    await showing(url, 'total_requests{component="x"}', 21);
  });

  it('show how many endpoints a route that is balanced by hash has', async () => {
    const { emitter, url } = await start();
    const options = { loadbalancing: 'hash', hash_header: 'X-Tenant' };
    emitter.register({ uris: ['h.test'], port: 1, options });
    emitter.register({ uris: ['h.test'], port: 2, options });
    emitter.register({ uris: ['plain.test'], port: 3 });
    await emitter.settled();
    const pools = [...(await scrape(url))].filter(([name]) => name.startsWith('endpoints_per_pool'));
    expect(pools).to.deep.equal([['endpoints_per_pool{route="h.test",lb_algorithm="hash"}', 2]]);
  });

  it('leave out what each request would have to be measured for, when told so', async () => {
    const { router, emitter, url } = await start('per_request_metrics_reporting: false');
    const backend = await HttpBackend.start(closing, 'a');
    emitter.register({ uris: ['a.test'], port: backend.port });
    await emitter.settled();
    await get(router, 'a.test');
    const series = await showing(url, 'turnout_requests_total', 1);
    expect([series.get('route_lookup_time'), series.get('gorouter_time')]).to.deep.equal([0, 0]);
    expect(series.has('latency{component=""}')).to.equal(false);
    expect([...series.keys()].some((name) => name.startsWith('http_latency_seconds'))).to.equal(false);
  });

  it('keep the router from starting when their port is taken', async () => {
    const taken = await HttpBackend.start(closing, 'x');
    const router = await RouterProcess.make(
      closing,
      `nats: {embedded: {port: 0}}\nprometheus: {enabled: true, port: ${taken.port}}`,
    );
    await router.spawn();
    expect(await router.ended()).to.equal(1);
    expect(router.last('metrics-server-error')?.data.error).to.equal(
      `listen tcp 127.0.0.1:${taken.port}: bind: address already in use`,
    );
  });

  describe('over TLS', () => {
    function status(url: string, options: object): Promise<number | string> {
      return new Promise((resolve) => {
        request(url.replace('http:', 'https:'), { agent: false, ...options }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
          .end();
      });
    }

    it('are only for who has a certificate of the configured CA', async () => {
      const ca = await makeCa();
      const other = await makeCa('other ca');
      const [server, client, stranger] = await Promise.all([
        makeCert({ ca, cn: 'metrics', san: ['IP:127.0.0.1'] }),
        makeCert({ ca, cn: 'scraper', client: true }),
        makeCert({ ca: other, cn: 'stranger', client: true }),
      ]);
      const folder = await mkdtemp(join(tmpdir(), 'metrics-'));
      closing(() => rm(folder, { recursive: true }));
      const paths = await Promise.all(
        Object.entries({ cert_path: server.cert, key_path: server.key, ca_path: ca.cert }).map(
          async ([key, pem]) => {
            await writeFile(join(folder, key), pem);
            return `${key}: ${join(folder, key)}`;
          },
        ),
      );
      const router = await RouterProcess.start(
        closing,
        `nats: {embedded: {port: 0}}\nprometheus: {enabled: true, ${paths.join(', ')}}`,
      );
      const url = await metricsUrl(router);
      const trusted = { ca: ca.cert, cert: client.cert, key: client.key };
      expect(await status(url, trusted)).to.equal(200);
      expect(await status(url, { ca: ca.cert })).to.be.a('string');
      expect(await status(url, { ca: ca.cert, cert: stranger.cert, key: stranger.key })).to.be.a('string');
      expect(await status(url, { ...trusted, maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' })).to.be.a(
        'string',
      );
      const ciphers = 'ECDHE-RSA-AES128-SHA256';
      expect(await status(url, { ...trusted, maxVersion: 'TLSv1.2', ciphers })).to.be.a('string');
      expect(await status(url, { ...trusted, maxVersion: 'TLSv1.2' })).to.equal(200);

      // Other files, read on SIGHUP; what cannot be read changes nothing.
      const [nextServer, nextClient] = await Promise.all([
        makeCert({ ca: other, cn: 'metrics', san: ['IP:127.0.0.1'] }),
        makeCert({ ca: other, cn: 'scraper', client: true }),
      ]);
      await writeFile(join(folder, 'cert_path'), nextServer.cert);
      router.signal('SIGHUP');
      await router.said('metrics-certificates-not-reloaded');
      expect(await status(url, trusted)).to.equal(200);
      await writeFile(join(folder, 'key_path'), nextServer.key);
      await writeFile(join(folder, 'ca_path'), other.cert);
      router.signal('SIGHUP');
      const next = { ca: other.cert, cert: nextClient.cert, key: nextClient.key };
      await until(async () => (await status(url, next)) === 200, 'the new certificate');
      expect(await status(url, trusted)).to.be.a('string');
    });

    it('say which file cannot be read', async () => {
      const router = await RouterProcess.make(
        closing,
        'nats: {embedded: {port: 0}}\nprometheus: {enabled: true, cert_path: /nowhere/m.crt, key_path: /nowhere/m.key, ca_path: /nowhere/m.ca}',
      );
      await router.spawn();
      expect(await router.ended()).to.equal(1);
      expect(router.last('metrics-server-error')?.data.error).to.include('/nowhere/m.crt');
    });
  });
});

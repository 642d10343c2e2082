import { readFile } from 'node:fs/promises';
import { get as getHttps } from 'node:https';
import { join } from 'node:path';
import { expect } from 'chai';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { freePort } from '../support/free-port.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { metricsUrl, scrape } from '../support/metrics-client.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { type Got, get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { TlsBackend } from '../support/tls-backend.ts';
import { until } from '../support/until.ts';

/** Keys that may be warned of: they are about agents of the platform, or about route services. */
const WITHOUT_EFFECT =
  /^(?:logging\.(?:loggregator_enabled|metron_address)|enable_envelope_v1_metrics|send_http_start_stop_|route_latency_metric|route_services|skip_ssl_validation|enable_verify_client_certificate_metadata|verify_client_certificate_metadata|domains)/u;

describe('a router with the file of an existing installation', () => {
  const closing = closingAfterEach();
  let ca: KeyPair;
  let front: KeyPair;
  let client: KeyPair;
  let instance: KeyPair;

  before(async () => {
    ca = await makeCa();
    [front, client, instance] = await Promise.all([
      makeCert({ ca, cn: 'router', san: ['DNS:app.example.com', 'DNS:*.example.com', 'IP:127.0.0.1'] }),
      makeCert({ ca, cn: 'gorouter', client: true }),
      makeCert({ ca, cn: 'instance-1', san: ['DNS:instance-1'] }),
    ]);
  });

  /** Every section filled, with what the deployment job passes; ports and times are the test's. */
  async function config(natsPort: number, statusTlsPort: number): Promise<string> {
    const file = {
      port: 0,
      index: 3,
      zone: 'z1',
      trace_key: 22,
      debug_addr: '127.0.0.1:0',
      go_max_procs: 2,
      pid_file: '/var/vcap/sys/run/gorouter/gorouter.pid',
      status: {
        port: 0,
        user: 'router-status',
        pass: 'secret',
        enable_nontls_health_checks: true,
        tls: { port: statusTlsPort, certificate: front.cert, key: front.key },
        routes: { port: 0 },
      },
      nats: { user: '', pass: '', hosts: [{ hostname: '127.0.0.1', port: natsPort }], tls_enabled: false },
      nats_client_ping_interval: '20s',
      logging: {
        syslog: 'vcap.gorouter',
        level: 'info',
        loggregator_enabled: true,
        metron_address: 'localhost:3457',
        disable_log_forwarded_for: false,
        disable_log_source_ip: false,
        redact_query_params: 'none',
        extra_access_log_fields: ['failed_attempts'],
        format: { timestamp: 'rfc3339' },
      },
      enable_ssl: true,
      ssl_port: 0,
      tls_pem: [{ cert_chain: front.cert, private_key: front.key }],
      cipher_suites: 'ECDHE-RSA-AES128-GCM-SHA256:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
      min_tls_version: 'TLSv1.2',
      max_tls_version: 'TLSv1.3',
      client_cert_validation: 'request',
      client_ca_certs: ca.cert,
      only_trust_client_ca_certs: false,
      enable_http2: true,
      enable_proxy: false,
      disable_http: false,
      force_forwarded_proto_https: false,
      sanitize_forwarded_proto: false,
      forwarded_client_cert: 'always_forward',
      hop_by_hop_headers_to_filter: ['X-Forwarded-For', 'X-Forwarded-Proto', 'B3', 'X-B3', 'X-Request-Start'],
      secure_cookies: false,
      sticky_session_cookie_names: ['JSESSIONID'],
      healthcheck_user_agent: 'HTTP-Monitor/1.1',
      http_rewrite: {
        responses: { add_headers_if_not_present: [{ name: 'X-Frame', value: 'DENY' }], remove_headers: [] },
      },
      tracing: { enable_zipkin: true, enable_w3c: false },
      backends: { max_conns: 500, max_attempts: 3, cert_chain: client.cert, private_key: client.key },
      ca_certs: [ca.cert],
      skip_ssl_validation: false,
      endpoint_timeout: '900s',
      endpoint_dial_timeout: '5s',
      websocket_dial_timeout: '5s',
      tls_handshake_timeout: '10s',
      frontend_idle_timeout: '900s',
      endpoint_keep_alive_probe_interval: '1s',
      disable_keep_alives: false,
      max_idle_conns: 100,
      max_idle_conns_per_host: 100,
      balancing_algorithm: 'round-robin',
      balancing_algorithm_az_preference: 'none',
      start_response_delay_interval: '1s',
      droplet_stale_threshold: '120s',
      prune_stale_droplets_interval: '30s',
      publish_active_apps_interval: '0s',
      publish_start_message_interval: '30s',
      suspend_pruning_if_nats_unavailable: true,
      drain_wait: '1s',
      drain_timeout: '900s',
      load_balancer_healthy_threshold: '20s',
      isolation_segments: [],
      routing_table_sharding_mode: 'all',
      empty_pool_response_code_503: true,
      empty_pool_timeout: '0s',
      max_request_header_bytes: 1_048_576,
      route_services_recommend_https: true,
      route_services_timeout: '60s',
      route_services: { max_attempts: 3, cert_chain: '', private_key: '' },
      extra_headers_to_log: ['X-Tenant'],
      prometheus: { enabled: true, port: 0 },
      per_request_metrics_reporting: true,
      enable_envelope_v1_metrics: true,
      send_http_start_stop_server_event: true,
      send_http_start_stop_client_event: true,
      route_latency_metric_muzzle_duration: '20s',
      routing_api: { auth_disabled: false },
      oauth: { token_endpoint: 'uaa.service.cf.internal', port: 8443, skip_ssl_validation: false },
      token_fetcher_max_retries: 3,
    };
    return Object.entries(file)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
      .join('\n');
  }

  function getOverTls(port: number, servername: string, path: string): Promise<Got> {
    const options = { host: '127.0.0.1', port, servername, path, ca: ca.cert, agent: false };
    return new Promise((resolve, reject) => {
      getHttps({ ...options, headers: { host: servername } }, (response) => {
        let body = '';
        response.on('data', (bytes: Buffer) => {
          body += bytes.toString();
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      }).on('error', reject);
    });
  }

  it('serves, logs, measures and drains as gorouter does', async () => {
    const nats = await NatsServer.start(closing);
    const statusTlsPort = await freePort();
    const router = await RouterProcess.start(closing, await config(nats.port, statusTlsPort));
    const warnings = router.lines.filter(({ message }) => message === 'Warning loading config:');
    for (const { data } of warnings) expect(data.error).to.match(WITHOUT_EFFECT);
    expect(router.last('gorouter.started')?.source).to.equal('vcap.gorouter.router');
    const times = router.lines.map((line) => (line as unknown as { timestamp: string }).timestamp);
    for (const time of times) expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/u);

    const plain = await HttpBackend.start(closing, 'plain', (req, res) => {
      res.end(`${req.headers['x-forwarded-proto']} ${req.headers.b3 === undefined}`);
    });
    const tls = await TlsBackend.start(closing, 'tls', { ...instance, ca: ca.cert, requestCert: true });
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    emitter.register({ uris: ['app.example.com'], port: plain.port, app: 'app-1' });
    emitter.register({
      uris: ['tls.example.com'],
      port: 1,
      tls_port: tls.port,
      server_cert_domain_san: 'instance-1',
      private_instance_id: 'instance-1',
    });
    await emitter.settled();

    const traced = { 'x-vcap-trace': '22', 'x-tenant': 'one' };
    const answer = await get(router, 'app.example.com', '/a?b', traced);
    expect(answer).to.include({ status: 200, body: 'http false' });
    expect(answer.headers).to.include({ 'x-frame': 'DENY' });
    expect(answer.headers['x-vcap-backend']).to.equal(`127.0.0.1:${plain.port}`);
    expect(await getOverTls(router.tlsPort, 'app.example.com', '/')).to.include({
      status: 200,
      body: 'https false',
    });
    expect((await get(router, 'tls.example.com')).body).to.equal('tls, asked by gorouter');
    expect((await getOverTls(statusTlsPort, 'app.example.com', '/health')).body).to.equal('ok\n');
    expect(Object.keys(await router.status('/routes'))).to.deep.equal(['app.example.com', 'tls.example.com']);

    const line = await until(async () => {
      const text = await readFile(join(router.folder, 'access.log'), 'utf8');
      return text.split('\n').find((each) => each.includes('"GET /a?b HTTP/1.1"'));
    }, 'the access log line');
    expect(line).to.match(
      /^app\.example\.com - .* app_id:"app-1" .* failed_attempts:0 x_cf_routererror:"-" x_tenant:"one" x_b3_traceid:"[0-9a-f]{32}" /u,
    );
    const metrics = await metricsUrl(router);
    await until(async () => (await scrape(metrics)).get('responses{status_group="2xx"}') === 3, 'the count');

    router.signal('SIGUSR1');
    const { data } = await router.said('gorouter-draining');
    expect(data).to.deep.equal({ wait_seconds: 1, timeout_seconds: 900 });
    expect(await router.health()).to.equal(503);
    expect((await get(router, 'app.example.com')).status).to.equal(200);
    expect(await router.ended()).to.equal(0);
  });
});

import { writeFile } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { expect } from 'chai';
import { connect } from 'nats';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { freePort } from '../support/free-port.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { metricsUrl, parseMetrics } from '../support/metrics-client.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RawClient } from '../support/raw-client.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { RoutingApiServer } from '../support/routing-api-server.ts';
import { runTurnout } from '../support/run-turnout.ts';
import { SyslogServer } from '../support/syslog-server.ts';
import { TlsBackend } from '../support/tls-backend.ts';
import { until } from '../support/until.ts';

/** What `check` calls a warning, and what a note: keys of gorouter that do nothing here. */
const WARNED = [
  'skip_ssl_validation',
  'route_services_secret',
  'route_services_secret_decrypt_only',
  'route_services_timeout',
  'route_services_recommend_https',
  'route_services_hairpinning',
  'route_services_hairpinning_allowlist',
  'route_services_internal_server_port',
  'route_services.max_attempts',
  'route_services.strict_signature_validation',
  'route_services.cert_chain',
  'route_services.private_key',
  'route_services.enable_websockets',
  'route_services.egress_blocklist',
  'logging.loggregator_enabled',
  'logging.metron_address',
  'enable_envelope_v1_metrics',
  'send_http_start_stop_server_event',
  'send_http_start_stop_client_event',
  'route_latency_metric_muzzle_duration',
];
const NOTED = [
  'enable_http1_concurrent_read_write',
  'keep_alive_100_continue_requests',
  'load_balancer_healthy_threshold',
  'logging.enable_attempts_details',
  'logging.file',
  'prometheus.meters.route_lookup_time_histogram_buckets',
  'prometheus.meters.gorouter_time_histogram_buckets',
  'prometheus.meters.routing_response_latency_histogram_buckets',
  'prometheus.meters.route_registration_latency_histogram_buckets',
  'prometheus.meters.http_latency_histogram_buckets',
  'pid_file',
  'healthcheck_poll_interval',
  'healthcheck_timeout',
  'max_header_bytes',
  'enable_access_log_streaming',
  'ssl_cert',
  'ssl_key',
  'ssl_cert_path',
  'ssl_key_path',
  'ssl_skip_validation',
  'ip_local_port_range',
];

describe('a file with every key of gorouter', () => {
  const closing = closingAfterEach();
  let ca: KeyPair;
  let server: KeyPair;
  let client: KeyPair;
  let instance: KeyPair;

  before(async () => {
    ca = await makeCa();
    [server, client, instance] = await Promise.all([
      makeCert({ ca, cn: 'router', san: ['DNS:localhost', 'DNS:app.test', 'IP:127.0.0.1'] }),
      makeCert({ ca, cn: 'client-1', client: true }),
      makeCert({ ca, cn: 'instance-1', san: ['DNS:instance-1'] }),
    ]);
  });

  interface Places {
    readonly folder: string;
    readonly natsPort: number;
    readonly statusTlsPort: number;
    readonly syslogPort: number;
    readonly api: RoutingApiServer;
  }

  /** Each key with a value that shows, where another than the default can be seen. */
  function file({ folder, natsPort, statusTlsPort, syslogPort, api }: Places): Record<string, unknown> {
    const rule = { issuer_in_chain: { common_name: 'test ca' } };
    return {
      port: 0,
      disable_http: false,
      enable_ssl: true,
      ssl_port: 0,
      tls_pem: [{ cert_chain: server.cert, private_key: server.key }],
      cipher_suites: 'ECDHE-RSA-AES128-GCM-SHA256:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
      min_tls_version: 'TLSv1.2',
      max_tls_version: 'TLSv1.3',
      client_cert_validation: 'request',
      client_ca_certs: ca.cert,
      only_trust_client_ca_certs: true,
      enable_verify_client_certificate_metadata: true,
      verify_client_certificate_metadata: [{ ...rule, valid_cert_subjects: [{ common_name: 'client-1' }] }],
      enable_http2: true,
      enable_http1_concurrent_read_write: true,
      enable_proxy: true,
      frontend_idle_timeout: '900s',
      read_header_timeout: '30s',
      max_request_header_bytes: 8192,
      max_request_headers: 40,
      force_forwarded_proto_https: true,
      sanitize_forwarded_proto: true,
      forwarded_client_cert: 'sanitize_set',
      hop_by_hop_headers_to_filter: ['X-Keep'],
      secure_cookies: true,
      sticky_session_cookie_names: ['SESSION'],
      sticky_sessions_for_auth_negotiate: true,
      healthcheck_user_agent: 'Probe/2',
      html_error_template_file: join(folder, 'error.html'),
      http_rewrite: {
        responses: {
          add_headers_if_not_present: [{ name: 'X-Frame', value: 'DENY' }],
          remove_headers: [{ name: 'X-Powered-By' }],
        },
      },
      trace_key: 22,
      tracing: { enable_zipkin: true, enable_w3c: true, w3c_tenant_id: 'tenant' },
      backends: { max_conns: 500, max_attempts: 3, cert_chain: client.cert, private_key: client.key },
      ca_certs: [ca.cert],
      skip_ssl_validation: true,
      endpoint_timeout: '30s',
      http_1_endpoint_timeout: '20s',
      http_2_endpoint_timeout: '20s',
      endpoint_dial_timeout: '5s',
      websocket_dial_timeout: '5s',
      tls_handshake_timeout: '10s',
      endpoint_keep_alive_probe_interval: '1s',
      disable_keep_alives: true,
      max_idle_conns: 10,
      max_idle_conns_per_host: 10,
      max_response_header_bytes: 16_384,
      max_response_headers: 20,
      keep_alive_100_continue_requests: true,
      balancing_algorithm: 'least-connection',
      balancing_algorithm_az_preference: 'locally-optimistic',
      zone: 'z1',
      nats: {
        hosts: [{ hostname: 'localhost', port: natsPort }],
        user: 'nats-user',
        pass: 'nats-pass',
        tls_enabled: true,
        ca_certs: ca.cert,
        cert_chain: client.cert,
        private_key: client.key,
      },
      nats_client_ping_interval: '20s',
      index: 7,
      start_response_delay_interval: '1s',
      droplet_stale_threshold: '120s',
      prune_stale_droplets_interval: '30s',
      suspend_pruning_if_nats_unavailable: true,
      isolation_segments: ['is1'],
      routing_table_sharding_mode: 'shared-and-segments',
      empty_pool_response_code_503: true,
      empty_pool_timeout: '60s',
      publish_start_message_interval: '1s',
      publish_active_apps_interval: '1s',
      load_balancer_healthy_threshold: '20s',
      routing_api: {
        uri: 'https://localhost',
        port: api.apiPort,
        auth_disabled: false,
        ca_certs: api.certificates.ca.cert,
        cert_chain: api.certificates.client.cert,
        private_key: api.certificates.client.key,
      },
      oauth: {
        token_endpoint: 'localhost',
        port: api.uaaPort,
        client_name: 'gorouter',
        client_secret: 's',
        ca_certs: join(folder, 'uaa.pem'),
        skip_ssl_validation: false,
      },
      token_fetcher_max_retries: 3,
      token_fetcher_retry_interval: '5s',
      token_fetcher_expiration_buffer_time: 30,
      route_services_secret: 'rs-secret',
      route_services_secret_decrypt_only: 'rs-secret-before',
      route_services_timeout: '60s',
      route_services_recommend_https: true,
      route_services_hairpinning: true,
      route_services_hairpinning_allowlist: ['*.example.com'],
      route_services_internal_server_port: 7070,
      route_services: {
        max_attempts: 3,
        strict_signature_validation: true,
        cert_chain: client.cert,
        private_key: client.key,
        enable_websockets: true,
        egress_blocklist: ['10.0.0.0/8'],
      },
      logging: {
        level: 'debug',
        format: { timestamp: 'rfc3339' },
        syslog: 'vcap.gorouter',
        syslog_addr: `127.0.0.1:${syslogPort}`,
        syslog_network: 'tcp',
        syslog_truncate: 2000,
        loggregator_enabled: true,
        metron_address: 'localhost:3457',
        disable_log_forwarded_for: true,
        disable_log_source_ip: true,
        redact_query_params: 'hash',
        extra_access_log_fields: ['failed_attempts', 'local_address'],
        enable_attempts_details: true,
        file: '/var/vcap/sys/log/gorouter/gorouter.log',
      },
      access_log: { file: join(folder, 'access.log'), enable_streaming: true },
      extra_headers_to_log: ['X-Tenant'],
      status: {
        host: '127.0.0.1',
        port: 0,
        user: 'router-status',
        pass: 'secret',
        enable_nontls_health_checks: true,
        enable_deprecated_varz_healthz_endpoints: false,
        tls: { port: statusTlsPort, certificate: server.cert, key: server.key },
        routes: { port: 0 },
      },
      prometheus: {
        enabled: true,
        port: 0,
        cert_path: join(folder, 'metrics.crt'),
        key_path: join(folder, 'metrics.key'),
        ca_path: join(folder, 'ca.pem'),
        meters: {
          route_lookup_time_histogram_buckets: [10_000],
          gorouter_time_histogram_buckets: [1, 2],
          routing_response_latency_histogram_buckets: [1, 2],
          route_registration_latency_histogram_buckets: [0.1],
          http_latency_histogram_buckets: [0.1],
        },
      },
      per_request_metrics_reporting: true,
      per_app_prometheus_http_metrics_reporting: true,
      enable_envelope_v1_metrics: true,
      send_http_start_stop_server_event: true,
      send_http_start_stop_client_event: true,
      route_latency_metric_muzzle_duration: '20s',
      debug_addr: '127.0.0.1:0',
      go_max_procs: 2,
      drain_wait: '1s',
      drain_timeout: '60s',
      pid_file: '/var/vcap/sys/run/gorouter/gorouter.pid',
      healthcheck_poll_interval: '10s',
      healthcheck_timeout: '5s',
      max_header_bytes: 8192,
      enable_access_log_streaming: true,
      ssl_cert: 'x',
      ssl_key: 'x',
      ssl_cert_path: '/x',
      ssl_key_path: '/x',
      ssl_skip_validation: true,
      ip_local_port_range: '1024 65000',
      // Ours: go_max_procs is to say how many.
      workers: {},
    };
  }

  interface Surroundings {
    readonly nats: NatsServer;
    readonly syslog: SyslogServer;
    readonly folder: string;
    readonly statusTlsPort: number;
    /** The file. */
    readonly yaml: string;
  }

  async function surroundings(): Promise<Surroundings> {
    const api = await RoutingApiServer.start(closing);
    const backend = await HttpBackend.start(closing, 'from the api');
    api.routes = [{ route: 'api.test', port: backend.port, ip: '127.0.0.1', ttl: 60, log_guid: 'guid' }];
    const syslog = await SyslogServer.start(closing);
    const holder = await RouterProcess.make(closing, '');
    const place = async (name: string, text: string): Promise<void> =>
      writeFile(join(holder.folder, name), text);
    await Promise.all([
      place('uaa.pem', api.certificates.ca.cert),
      place('ca.pem', ca.cert),
      place('metrics.crt', server.cert),
      place('metrics.key', server.key),
      place('error.html', '<p>{{.Status}} {{.Message}}</p>'),
    ]);
    const nats = await NatsServer.start(closing, {
      args: [
        ...['--tlsverify', '--tlscacert', join(holder.folder, 'ca.pem')],
        ...['--tlscert', join(holder.folder, 'metrics.crt'), '--tlskey', join(holder.folder, 'metrics.key')],
        ...['--user', 'nats-user', '--pass', 'nats-pass'],
      ],
    });
    const { folder } = holder;
    const statusTlsPort = await freePort();
    const keys = file({ folder, natsPort: nats.port, statusTlsPort, syslogPort: syslog.port, api });
    const lines = Object.entries(keys).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
    return { nats, syslog, folder, statusTlsPort, yaml: lines.join('') };
  }

  /** Status and body, over TLS, as the client with the certificate. */
  function ask(options: RequestOptions): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      request(
        { host: '127.0.0.1', ca: ca.cert, cert: client.cert, key: client.key, agent: false, ...options },
        (response) => {
          let body = '';
          response.on('data', (bytes: Buffer) => {
            body += bytes.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        },
      )
        .on('error', reject)
        .end();
    });
  }

  it('is accepted by check, which names each key that has no effect, and no other', async () => {
    const { folder, yaml } = await surroundings();
    const path = join(folder, 'every-key.yml');
    await writeFile(path, yaml);
    const { exitStatus, stdout } = await runTurnout(['check', '-c', path]);
    const named = (kind: string): string[] =>
      [...stdout.matchAll(new RegExp(`^.*?:\\d+: ${kind}: (\\S+): `, 'gmu'))].map(([, key = '']) => key);
    expect(named('error')).to.deep.equal([]);
    expect(named('warning')).to.have.members(WARNED);
    expect(named('note')).to.have.members(NOTED);
    expect(exitStatus).to.equal(0);
  });

  it('starts a router that behaves so', async () => {
    const { nats, syslog, statusTlsPort, yaml } = await surroundings();
    const router = await RouterProcess.start(closing, yaml);
    expect((await router.status('/workers')).length).to.equal(2);
    expect(router.last('debug-server-listening')).to.not.equal(undefined);
    expect(router.last('local-az-set')?.data).to.deep.equal({ AvailabilityZone: 'z1' });

    const bus = await connect({
      servers: `localhost:${nats.port}`,
      user: 'nats-user',
      pass: 'nats-pass',
      tls: { ca: ca.cert, cert: client.cert, key: client.key },
    });
    closing(() => bus.close());
    const activeApps: unknown[] = [];
    const starts: { id: string }[] = [];
    bus.subscribe('router.active_apps', {
      callback: (_, { data }) => activeApps.push(JSON.parse(inflateSync(data).toString())),
    });
    bus.subscribe('router.start', { callback: (_, message) => starts.push(message.json()) });

    const app = await HttpBackend.start(closing, 'app', (req, res) => {
      res.setHeader('X-Powered-By', 'node');
      if (req.url === '/login') res.setHeader('Set-Cookie', 'SESSION=1; Path=/');
      if (req.url === '/many') for (let i = 0; i < 30; i += 1) res.setHeader(`X-${i}`, '1');
      res.end(JSON.stringify(req.headers));
    });
    const secure = await TlsBackend.start(closing, 'tls', { ...instance, ca: ca.cert, requestCert: true });
    const register = (message: object, subject = 'router.register'): void =>
      bus.publish(subject, JSON.stringify({ host: '127.0.0.1', app: 'app-1', ...message }));
    const first = {
      uris: ['app.test'],
      port: app.port,
      private_instance_id: 'i-1',
      isolation_segment: 'is1',
    };
    register(first);
    register({ uris: ['tls.test'], tls_port: secure.port, server_cert_domain_san: 'instance-1' });
    register({ uris: ['other.test'], tls_port: secure.port, server_cert_domain_san: 'instance-2' });
    register({ uris: ['elsewhere.test'], port: app.port, isolation_segment: 'is2' });
    register({ uris: ['gone.test'], port: app.port });
    register({ uris: ['gone.test'], port: app.port }, 'router.unregister');
    await router.knowsRoutes(5); // those of the bus, but for the other segment's, and the API's

    const headers = {
      'x-vcap-trace': '22',
      'x-tenant': 'one',
      connection: 'close, X-Keep',
      'x-keep': 'kept',
    };
    const answer = await get(router, 'app.test', '/a?b=c', headers);
    expect(answer.status).to.equal(200);
    expect(answer.headers).to.include({ 'x-frame': 'DENY', 'x-vcap-backend': `127.0.0.1:${app.port}` });
    expect(answer.headers).to.not.have.property('x-powered-by');
    const seen = JSON.parse(answer.body) as Record<string, string>;
    expect(seen).to.include({ 'x-forwarded-proto': 'https', 'x-keep': 'kept', connection: 'close' });
    expect(seen.b3).to.match(/^[0-9a-f]{32}-[0-9a-f]{16}$/u);
    expect(seen.tracestate).to.match(/^tenant@gorouter=[0-9a-f]{16}$/u);

    const cookies = (await get(router, 'app.test', '/login')).headers['set-cookie'];
    expect(cookies?.[1]).to.equal('__VCAP_ID__=i-1; Path=/; HttpOnly; Secure');
    expect((await get(router, 'app.test', '/many')).status).to.equal(502);
    expect((await get(router, 'api.test')).body).to.equal('from the api');
    expect((await get(router, 'tls.test')).body).to.equal('tls, asked by client-1');
    // skip_ssl_validation is not for endpoints.
    expect((await get(router, 'other.test')).headers['x-cf-routererror']).to.match(
      /x509: certificate is valid/u,
    );
    expect((await get(router, 'gone.test')).status).to.equal(503);
    expect((await get(router, 'elsewhere.test')).body).to.equal(
      '<p>404 Requested route (&#39;elsewhere.test&#39;) does not exist.</p>',
    );
    expect((await get(router, 'any.test', '/', { 'user-agent': 'Probe/2' })).body).to.equal('ok\n');
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`x-${i}`, '1']));
    expect((await get(router, 'app.test', '/', many)).status).to.equal(431);
    expect((await get(router, 'app.test', '/', { 'x-large': 'x'.repeat(8200) })).status).to.equal(431);

    const proxied = await RawClient.connect(router.port, closing);
    const { body } = await proxied.ask(
      'PROXY TCP4 203.0.113.9 10.0.0.1 1111 80\r\nGET / HTTP/1.1\r\nHost: app.test\r\n\r\n',
    );
    expect(JSON.parse(body.toString())).to.include({ 'x-forwarded-for': '203.0.113.9' });

    const shown = await ask({ port: router.tlsPort, servername: 'app.test', headers: { host: 'app.test' } });
    const der = client.cert.replaceAll(/-----.*-----|\n/gu, '');
    expect(JSON.parse(shown.body)).to.include({ 'x-forwarded-client-cert': der });
    expect(await ask({ port: statusTlsPort, path: '/health' })).to.deep.equal({ status: 200, body: 'ok\n' });
    const [endpoint] = (await router.status('/routes'))['app.test'] ?? [];
    expect(endpoint).to.include({ load_balancing_algorithm: 'least-connection', isolation_segment: 'is1' });

    const metrics = new URL((await metricsUrl(router)).replace('http:', 'https:'));
    const scraped = await until(async () => {
      const page = await ask({ port: metrics.port, path: '/metrics' });
      const series = parseMetrics(page.body);
      return (series.get('responses{status_group="4xx"}') ?? 0) === 2 ? series : undefined;
    }, 'the counts');
    expect([...scraped.keys()]).to.include.members(['http_latency_seconds{source_id="gorouter"}']);

    const logged =
      /^app\.test - .* "GET \/a\?hash=[0-9a-f]{40} HTTP\/1\.1" 200 .* "-" "127\.0\.0\.1:\d+" x_forwarded_for:"-" x_forwarded_proto:"https" .* failed_attempts:0 local_address:"127\.0\.0\.1:\d+" x_cf_routererror:"-" x_tenant:"one" x_b3_traceid:".*" traceparent:".*" tracestate:"tenant@gorouter=/u;
    await until(() => {
      const line = syslog.lines.find((each) => each.includes('GET /a?'));
      return line?.startsWith('<14>1 ') === true && logged.test(line.slice(line.indexOf('\uFEFF') + 1));
    }, 'the access log line in syslog');
    await until(() => activeApps.flat().includes('app-1'), 'router.active_apps');
    await until(() => starts.length > 1 && starts.every(({ id }) => id.startsWith('7-')), 'router.start');

    router.signal('SIGUSR1');
    expect((await router.said('gorouter-draining')).data).to.deep.equal({
      wait_seconds: 1,
      timeout_seconds: 60,
    });
    expect(await router.ended()).to.equal(0);
  });
});

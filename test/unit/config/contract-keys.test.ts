import { expect } from 'chai';
import { allOptions } from '../../../lib/config/schema.ts';

/** Every key of operations.md 3, route-services.md 1 and newer.md 5 and 7 with gorouter's default, durations in ms. */
const CONTRACT: Readonly<Record<string, unknown>> = {
  port: 8081,
  disable_http: false,
  enable_ssl: false,
  ssl_port: 443,
  tls_pem: [],
  cipher_suites: '',
  min_tls_version: 'TLSv1.2',
  max_tls_version: 'TLSv1.2',
  client_cert_validation: '',
  client_ca_certs: '',
  only_trust_client_ca_certs: false,
  enable_verify_client_certificate_metadata: false,
  verify_client_certificate_metadata: [],
  enable_http2: true,
  enable_http1_concurrent_read_write: false,
  enable_proxy: false,
  frontend_idle_timeout: 900_000,
  read_header_timeout: 0,
  max_request_header_bytes: 0,
  max_request_headers: 0,
  force_forwarded_proto_https: false,
  sanitize_forwarded_proto: false,
  forwarded_client_cert: 'always_forward',
  hop_by_hop_headers_to_filter: [],
  secure_cookies: false,
  sticky_session_cookie_names: ['JSESSIONID'],
  sticky_sessions_for_auth_negotiate: false,
  healthcheck_user_agent: 'HTTP-Monitor/1.1',
  html_error_template_file: '',
  'http_rewrite.responses.add_headers_if_not_present': [],
  'http_rewrite.responses.remove_headers': [],
  trace_key: '',
  'tracing.enable_zipkin': false,
  'tracing.enable_w3c': false,
  'tracing.w3c_tenant_id': '',
  'backends.max_conns': 0,
  'backends.max_attempts': 0,
  'backends.cert_chain': '',
  'backends.private_key': '',
  ca_certs: [],
  skip_ssl_validation: false,
  endpoint_timeout: 60_000,
  http_1_endpoint_timeout: 0,
  http_2_endpoint_timeout: 0,
  endpoint_dial_timeout: 5_000,
  websocket_dial_timeout: 0,
  tls_handshake_timeout: 10_000,
  endpoint_keep_alive_probe_interval: 1_000,
  disable_keep_alives: true,
  max_idle_conns: 100,
  max_idle_conns_per_host: 2,
  max_response_header_bytes: 0,
  max_response_headers: 0,
  keep_alive_100_continue_requests: false,
  balancing_algorithm: 'round-robin',
  balancing_algorithm_az_preference: 'none',
  zone: '',
  'nats.hosts': [{ hostname: 'localhost', port: 4222 }],
  'nats.user': '',
  'nats.pass': '',
  'nats.tls_enabled': false,
  'nats.ca_certs': '',
  'nats.cert_chain': '',
  'nats.private_key': '',
  nats_client_ping_interval: 20_000,
  index: 0,
  start_response_delay_interval: 5_000,
  droplet_stale_threshold: 120_000,
  prune_stale_droplets_interval: 30_000,
  suspend_pruning_if_nats_unavailable: false,
  isolation_segments: [],
  routing_table_sharding_mode: 'all',
  empty_pool_response_code_503: false,
  empty_pool_timeout: 0,
  publish_start_message_interval: 30_000,
  publish_active_apps_interval: 0,
  load_balancer_healthy_threshold: 0,
  'routing_api.uri': '',
  'routing_api.port': 0,
  'routing_api.auth_disabled': false,
  'routing_api.ca_certs': '',
  'routing_api.cert_chain': '',
  'routing_api.private_key': '',
  'oauth.token_endpoint': '',
  'oauth.port': 0,
  'oauth.client_name': '',
  'oauth.client_secret': '',
  'oauth.ca_certs': '',
  'oauth.skip_ssl_validation': false,
  token_fetcher_max_retries: 3,
  token_fetcher_retry_interval: 5_000,
  token_fetcher_expiration_buffer_time: 30,
  route_services_secret: '',
  route_services_secret_decrypt_only: '',
  route_services_timeout: 60_000,
  route_services_recommend_https: false,
  route_services_hairpinning: false,
  route_services_hairpinning_allowlist: [],
  route_services_internal_server_port: 7070,
  'route_services.max_attempts': 0,
  'route_services.strict_signature_validation': false,
  'route_services.cert_chain': '',
  'route_services.private_key': '',
  'route_services.enable_websockets': false,
  'route_services.egress_blocklist': [],
  'logging.level': 'debug',
  'logging.format.timestamp': 'unix-epoch',
  'logging.syslog': '',
  'logging.syslog_addr': '127.0.0.1:514',
  'logging.syslog_network': 'udp',
  'logging.syslog_truncate': 0,
  'logging.loggregator_enabled': false,
  'logging.metron_address': 'localhost:3457',
  'logging.disable_log_forwarded_for': false,
  'logging.disable_log_source_ip': false,
  'logging.redact_query_params': 'none',
  'logging.extra_access_log_fields': [],
  'access_log.file': '',
  'access_log.enable_streaming': false,
  extra_headers_to_log: [],
  'status.host': '0.0.0.0',
  'status.port': 8080,
  'status.user': '',
  'status.pass': '',
  'status.enable_nontls_health_checks': true,
  'status.enable_deprecated_varz_healthz_endpoints': false,
  'status.tls.port': 8443,
  'status.tls.certificate': '',
  'status.tls.key': '',
  'status.routes.port': 8082,
  'prometheus.enabled': false,
  'prometheus.port': 0,
  'prometheus.cert_path': '',
  'prometheus.key_path': '',
  'prometheus.ca_path': '',
  'prometheus.meters.route_lookup_time_histogram_buckets': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(
    (n) => n * 10_000,
  ),
  'prometheus.meters.gorouter_time_histogram_buckets': [1, 2, 4, 6, 8, 10, 20, 40, 50, 100, 500, 1000],
  'prometheus.meters.routing_response_latency_histogram_buckets': [
    1, 2, 4, 6, 8, 10, 20, 40, 50, 100, 500, 1000,
  ],
  'prometheus.meters.route_registration_latency_histogram_buckets': [0.1, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4],
  'prometheus.meters.http_latency_histogram_buckets': [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6],
  per_request_metrics_reporting: true,
  per_app_prometheus_http_metrics_reporting: false,
  enable_envelope_v1_metrics: true,
  send_http_start_stop_server_event: true,
  send_http_start_stop_client_event: true,
  route_latency_metric_muzzle_duration: 20_000,
  debug_addr: '',
  go_max_procs: -1,
  drain_wait: 0,
  drain_timeout: 0,
  pid_file: '',
  healthcheck_poll_interval: 10_000,
  healthcheck_timeout: 5_000,
};

/** Defaults that are others on purpose: docs/differences.md has the reasons. */
const DIFFERENT: Readonly<Record<string, unknown>> = {
  disable_keep_alives: false,
  max_idle_conns_per_host: 100,
  suspend_pruning_if_nats_unavailable: true,
  'logging.level': 'info',
  'logging.format.timestamp': 'rfc3339',
};

/** Keys that gorouter had once. */
const OLD = [
  'max_header_bytes',
  'logging.enable_attempts_details',
  'enable_access_log_streaming',
  'ssl_cert',
  'ssl_key',
  'ssl_cert_path',
  'ssl_key_path',
  'ssl_skip_validation',
  'logging.file',
  'ip_local_port_range',
];

/** Ours alone. */
const OWN =
  /^(?:workers|snapshot|nats\.embedded)\.|^(?:slow_start|upgrade_protocols|access_log\.format|domains)$/u;

describe('the keys of gorouter', () => {
  const schema = new Map([...allOptions()].map(({ name, option }) => [name, option]));

  it('are all known, with the same defaults but for those that differ on purpose', () => {
    const ours = Object.keys(CONTRACT).map((name) => [name, schema.get(name)?.default]);
    expect(Object.fromEntries(ours)).to.deep.equal({ ...CONTRACT, ...DIFFERENT });
  });

  it('of older generations are accepted', () => {
    for (const name of OLD) expect(schema.get(name)?.type, name).to.equal('ignored');
  });

  it('are told from our own', () => {
    const others = [...schema.keys()].filter((name) => !(name in CONTRACT) && !OLD.includes(name));
    for (const name of others) expect(name).to.match(OWN);
  });

  it('without effect are about route services, domains, agents of the platform, or without effect there, too', () => {
    const without = [...schema].filter(([, { status }]) => status !== 'built');
    const named = (status: string): string[] =>
      without.filter(([, option]) => option.status === status).map(([name]) => name);
    for (const name of named('pending')) expect(name).to.match(/^(?:route_services|skip_ssl|domains$)/u);
    expect(named('platform')).to.have.members([
      'logging.loggregator_enabled',
      'logging.metron_address',
      'enable_envelope_v1_metrics',
      'send_http_start_stop_server_event',
      'send_http_start_stop_client_event',
      'route_latency_metric_muzzle_duration',
    ]);
    const legacy = named('legacy').filter((name) => !name.startsWith('prometheus.meters.'));
    expect(legacy).to.have.members([
      'enable_http1_concurrent_read_write',
      'keep_alive_100_continue_requests',
      'load_balancer_healthy_threshold',
      'pid_file',
      'healthcheck_poll_interval',
      'healthcheck_timeout',
      ...OLD,
    ]);
  });
});

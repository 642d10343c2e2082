import { boolean, choice, duration, ignored, integer, LEGACY, PLATFORM, section, text } from '../option.ts';

/** Workers, snapshot, start and stop. The sections `workers` and `snapshot` are turnout's own. */
export const life = {
  workers: section(
    {
      count: integer(
        0,
        'worker processes; 0 = go_max_procs if that is above 0, else one per available core',
        {
          min: 0,
          max: 1024,
        },
      ),
      listener: choice(
        'auto',
        ['auto', 'reuse_port', 'shared'],
        'a listener per worker (SO_REUSEPORT), or one shared by all; auto = the first where the system has it',
      ),
      fast_lane: boolean(true, 'serve ordinary HTTP/1.1 by the fast lane; false = all by the general one'),
      min_request_body_rate: integer(
        0,
        'bytes per second: a client that sends its body slower is answered 408; 0 = as slow as it likes',
        { min: 0 },
      ),
      request_body_rate_window: duration(10_000, 'the time over which min_request_body_rate is measured', {
        min: 1_000,
      }),
      tunnel_end_spread: duration(
        5_000,
        'a draining worker ends WebSockets and other tunnels one by one over this time, once its requests are done; 0 = all at once',
        { min: 0 },
      ),
      orphan_grace: duration(30_000, 'how long workers that lost their primary process go on serving', {
        min: 0,
      }),
    },
    'worker processes',
  ),
  snapshot: section(
    {
      store: choice(
        'embedded',
        ['none', 'embedded', 'redis'],
        'where the route table is kept over a restart',
      ),
      path: text(
        '',
        'file of the embedded store; empty = turnout-snapshot-<port>.db in the working directory',
      ),
      max_age: duration(900_000, 'an older snapshot is not used', { min: 1 }),
      save_interval: duration(1_000, 'changes are written at most this often', { min: 1 }),
      redis: section(
        {
          url: text('', 'redis://user:password@host:port/db, rediss:// for TLS, unix:///path', {
            secret: 'url',
          }),
          key_prefix: text('turnout', 'first part of every key; a colon follows it'),
          router_id: text('', 'whose snapshot this is; empty = <host name>-<index>'),
          cluster: boolean(false, 'the server is a Redis cluster'),
          ca_certs: text('', 'PEM text: CAs of the server, in place of those of the system'),
          cert_chain: text('', 'PEM text: client certificate; used with private_key'),
          private_key: text('', 'PEM text: its key', { secret: 'yes' }),
          skip_ssl_validation: boolean(false, 'do not check the certificate of the server'),
        },
        'with store: redis',
      ),
    },
    'copy of the route table',
  ),
  go_max_procs: integer(-1, 'number of workers when workers.count is not given; 0 or less = all cores'),
  drain_wait: duration(
    0,
    'how long a draining router still takes new connections while it is unhealthy already',
  ),
  drain_timeout: duration(0, 'how long it then waits for requests; 0 = endpoint_timeout'),
  debug_addr: text(
    '',
    'host:port of a debug server: profiles and the log level, for everybody who reaches it; empty = none',
  ),
  enable_envelope_v1_metrics: boolean(true, 'metrics to the platform', PLATFORM),
  send_http_start_stop_server_event: boolean(true, 'events to the platform', PLATFORM),
  send_http_start_stop_client_event: boolean(true, 'events to the platform', PLATFORM),
  route_latency_metric_muzzle_duration: duration(20_000, 'for metrics to the platform', PLATFORM),
  pid_file: text('', 'whoever supervises the process knows its pid', LEGACY),
  healthcheck_poll_interval: duration(10_000, 'health needs no polling', LEGACY),
  healthcheck_timeout: duration(5_000, 'health needs no polling', LEGACY),
};

/** Keys of older generations that files still carry. gorouter ignores them, so do we. */
export const ignoredKeys = {
  max_header_bytes: ignored('now max_request_header_bytes'),
  enable_access_log_streaming: ignored('now access_log.enable_streaming'),
  ssl_cert: ignored('now tls_pem'),
  ssl_key: ignored('now tls_pem'),
  ssl_cert_path: ignored('now tls_pem'),
  ssl_key_path: ignored('now tls_pem'),
  ssl_skip_validation: ignored('now skip_ssl_validation'),
  ip_local_port_range: ignored('set it in the system'),
};

import {
  boolean,
  choice,
  duration,
  integer,
  items,
  LEGACY,
  optionalSection,
  port,
  section,
  text,
  texts,
} from '../option.ts';

const MIB = 1024 * 1024;

/** Where routes come from and how long they stay (bus.md, registry.md, operations.md 12). */
export const routes = {
  nats: section(
    {
      hosts: items(
        {
          hostname: text('', 'name or address', { required: true }),
          port: port(4222, 'port', { min: 1 }),
        },
        [{ hostname: 'localhost', port: 4222 }],
        'NATS servers, tried in random order; the embedded bus when there is one and this is not given',
      ),
      user: text('', 'user'),
      pass: text('', 'password', { secret: 'yes' }),
      tls_enabled: boolean(false, 'mutual TLS; needs the next three'),
      ca_certs: text('', 'PEM text: the only CAs for the servers'),
      cert_chain: text('', 'PEM text: client certificate'),
      private_key: text('', 'PEM text: its key', { secret: 'yes' }),
      embedded: optionalSection(
        {
          host: text('127.0.0.1', 'address to listen on; anyone who reaches it can change routes'),
          port: port(4222, 'port to listen on; 0 = any free port'),
          max_payload: integer(MIB, 'largest message in bytes', { min: 1024, max: 64 * MIB }),
          max_pending: integer(8 * MIB, 'bytes that may wait for a slow client before it is cut off', {
            min: 64 * 1024,
          }),
        },
        'a small NATS server inside the router, for a single host; runs when this section is present',
      ),
    },
    'the bus on which routes are registered',
  ),
  nats_client_ping_interval: duration(
    20_000,
    'PING to the NATS server; two without answer = connection lost',
  ),
  index: integer(0, 'number of this router among its peers; in ids and varz', { min: 0, max: 2 ** 32 - 1 }),
  start_response_delay_interval: duration(
    5_000,
    'pause before listening, when there is no usable snapshot; advertised register interval',
    { min: 0 },
  ),
  droplet_stale_threshold: duration(
    120_000,
    'how long an endpoint may go without a register message; at least start_response_delay_interval',
  ),
  prune_stale_droplets_interval: duration(30_000, 'how often stale endpoints are removed; 0 or less = never'),
  suspend_pruning_if_nats_unavailable: boolean(
    true,
    'remove nothing while NATS is away, nor for one stale threshold after; false empties the table instead',
  ),
  isolation_segments: texts([], 'labels of the endpoints to serve; see routing_table_sharding_mode'),
  routing_table_sharding_mode: choice(
    'all',
    ['all', 'segments', 'shared-and-segments'],
    'serve all endpoints, those of isolation_segments, or those and the unlabelled',
    { complaint: 'Invalid sharding mode:' },
  ),
  empty_pool_response_code_503: boolean(false, 'answer 503, not 404, for a route whose last endpoint went'),
  empty_pool_timeout: duration(0, 'for how long'),
  publish_start_message_interval: duration(
    30_000,
    'how often router.start is published; 0 or less = on (re)connect only',
  ),
  publish_active_apps_interval: duration(0, 'how often router.active_apps is published; 0 or less = never'),
  load_balancer_healthy_threshold: duration(
    0,
    'health turns 200 once all workers listen; may not be negative',
    LEGACY,
  ),
  routing_api: section(
    {
      uri: text('', 'http://host or https://host; with port: a second source of routes'),
      port: port(0, 'port'),
      auth_disabled: boolean(false, 'true = no token'),
      ca_certs: text('', 'PEM text: the only CAs of the routing API'),
      cert_chain: text('', 'PEM text: client certificate'),
      private_key: text('', 'PEM text: its key', { secret: 'yes' }),
    },
    'routes over HTTP, beside those of NATS',
  ),
  oauth: section(
    {
      token_endpoint: text('', 'host name, called over TLS'),
      port: port(0, 'port'),
      client_name: text('', 'client'),
      client_secret: text('', 'its secret', { secret: 'yes' }),
      ca_certs: text('', 'path of a PEM file: the only CAs of the token server; empty = those of the system'),
      skip_ssl_validation: boolean(false, 'do not check the certificate'),
    },
    'token server of the routing API',
  ),
  token_fetcher_max_retries: integer(3, 'more tries for a token'),
  token_fetcher_retry_interval: duration(5_000, 'pause between them'),
  token_fetcher_expiration_buffer_time: integer(
    30,
    'seconds before its end at which a token of the routing API is renewed',
  ),
};

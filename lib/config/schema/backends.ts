import { boolean, choice, duration, integer, PENDING, section, text, texts } from '../option.ts';

/** Towards the endpoints (http.md 10, tls.md 5, registry.md 9). */
export const backends = {
  backends: section(
    {
      max_conns: integer(0, 'most concurrent requests per endpoint, over all workers; 0 = no limit'),
      max_attempts: integer(0, 'endpoints tried for one request; below 1 = 1'),
      cert_chain: text('', 'PEM text: client certificate for endpoints; used with private_key'),
      private_key: text('', 'PEM text: its key', { secret: 'yes' }),
    },
    'towards the endpoints',
  ),
  ca_certs: texts([], 'list of PEM texts: CAs of endpoints and route services, beside those of the system'),
  skip_ssl_validation: boolean(false, 'do not check the certificates of route services', PENDING),
  endpoint_timeout: duration(
    60_000,
    'how long an endpoint may take for a whole exchange; 0 or less = no limit',
  ),
  http_1_endpoint_timeout: duration(0, 'the same for HTTP/1 clients; 0 = endpoint_timeout'),
  http_2_endpoint_timeout: duration(0, 'the same for HTTP/2 clients; 0 = endpoint_timeout'),
  endpoint_dial_timeout: duration(5_000, 'how long connecting to an endpoint may take; 0 or less = no limit'),
  websocket_dial_timeout: duration(
    0,
    'how long connecting may take for a request that wants to switch protocols; 0 = endpoint_dial_timeout',
  ),
  tls_handshake_timeout: duration(10_000, 'how long the TLS handshake with an endpoint may take'),
  endpoint_keep_alive_probe_interval: duration(1_000, 'TCP keep-alive of endpoint connections'),
  // Those of the deployed platform, where gorouter's own are true and 2 (differences.md).
  disable_keep_alives: boolean(false, 'a new endpoint connection for each request'),
  max_idle_conns: integer(100, 'bounds max_idle_conns_per_host, too; 0 or less = no limit of its own'),
  max_idle_conns_per_host: integer(100, 'idle connections kept per endpoint; 0 = 2, less = none'),
  max_response_header_bytes: integer(0, 'largest response head in bytes, up to 10 MiB; 0 = 10 MiB'),
  max_response_headers: integer(0, 'most header fields of a response; 0 = no limit'),
  balancing_algorithm: choice(
    'round-robin',
    ['round-robin', 'least-connection'],
    'how an endpoint is chosen when its route does not say',
    { complaint: 'Invalid global load balancing algorithm' },
  ),
  slow_start: duration(
    0,
    'over this time the share of an endpoint that comes while others serve grows from a tenth to all; 0 = at once',
    { min: 0 },
  ),
  balancing_algorithm_az_preference: choice(
    'none',
    ['none', 'locally-optimistic'],
    'prefer endpoints of the own zone at the first attempt',
    { complaint: 'Invalid load balancing AZ preference' },
  ),
  zone: text('', 'the availability zone of this router'),
};

import { boolean, LEGACY, numbers, port, section, text } from '../option.ts';

const STEPS_OF_10000 = Array.from({ length: 10 }, (_, i) => (i + 1) * 10_000);
const ANSWER_TIMES = [1, 2, 4, 6, 8, 10, 20, 40, 50, 100, 500, 1000];
const LATEST = 'the metric is the latest value, not a histogram';

/** Status servers and metrics (operations.md 9, 11). */
export const status = {
  status: section(
    {
      host: text('0.0.0.0', 'address of the varz server; see enable_deprecated_varz_healthz_endpoints'),
      port: port(8080, 'port of /health, on all interfaces'),
      user: text('', 'user for /routes and /varz'),
      pass: text('', 'password for them', { secret: 'yes' }),
      enable_nontls_health_checks: boolean(true, '/health without TLS'),
      enable_deprecated_varz_healthz_endpoints: boolean(
        false,
        '/varz, /healthz and /routes on status.host:status.port, in place of the plain health server',
      ),
      tls: section(
        {
          port: port(8443, 'port of /health with TLS, on all interfaces'),
          certificate: text('', 'PEM text: certificate chain, leaf first; with key: /health over TLS'),
          key: text('', 'PEM text: its key', { secret: 'yes' }),
        },
        'health over TLS',
      ),
      routes: section({ port: port(8082, 'port of /routes') }, '/routes, on loopback only'),
    },
    'status servers',
  ),
  prometheus: section(
    {
      enabled: boolean(false, 'GET /metrics on loopback'),
      port: port(0, 'its port; 0 = any free one'),
      cert_path: text('', 'path of a certificate: mutual TLS'),
      key_path: text('', 'path of its key'),
      ca_path: text('', 'path of the CAs of scrapers'),
      meters: section(
        {
          route_lookup_time_histogram_buckets: numbers(STEPS_OF_10000, LATEST, LEGACY),
          gorouter_time_histogram_buckets: numbers(ANSWER_TIMES, LATEST, LEGACY),
          routing_response_latency_histogram_buckets: numbers(ANSWER_TIMES, LATEST, LEGACY),
          route_registration_latency_histogram_buckets: numbers(
            [0.1, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4],
            LATEST,
            LEGACY,
          ),
          http_latency_histogram_buckets: numbers(
            [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6],
            LATEST,
            LEGACY,
          ),
        },
        'buckets of metrics that were histograms once',
      ),
    },
    'metrics',
  ),
  per_request_metrics_reporting: boolean(true, 'the metrics route_lookup_time, gorouter_time and latency'),
  per_app_prometheus_http_metrics_reporting: boolean(false, 'the metric http_latency_seconds, by app'),
};

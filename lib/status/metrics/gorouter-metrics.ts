import type { ComponentCounts } from '../../request/component-counts.ts';
import { counter, gauge, labelledMetric, type Metric, type Sample } from './metric.ts';
import type { MetricSources } from './sources.ts';

export interface GorouterMetricOptions {
  /** `per_request_metrics_reporting`. */
  readonly perRequest: boolean;
  /** `per_app_prometheus_http_metrics_reporting`. */
  readonly perApp: boolean;
  /** Open descriptors of all processes. */
  readonly descriptors: () => number;
}

/** gorouter's metrics by gorouter's names (contract: operations.md 11, newer.md 8), summed over all workers. */
export function gorouterMetrics(sources: MetricSources, options: GorouterMetricOptions): Metric[] {
  const total = () => sources.figures().total;
  const registry = () => sources.registry();
  const metrics: Metric[] = [
    messages(sources),
    labelledMetric(
      'counter',
      'unregistry_message',
      'URIs of unregister messages, whether found or not.',
      'component',
      () =>
        [...registry().messages].flatMap(([name, { unregister }]) =>
          unregister > 0 ? [[name, unregister]] : [],
        ),
    ),
    counter('routes_pruned', 'Endpoints removed by age.', () => registry().pruned),
    counter('routes_registered', 'Routes made by register messages.', () => registry().routesRegistered),
    counter(
      'routes_unregistered',
      'Routes removed by unregister messages.',
      () => registry().routesUnregistered,
    ),
    gauge('total_routes', 'Routes in the table.', () => sources.figures().routes),
    gauge(
      'ms_since_last_registry_update',
      'Milliseconds since the last register message; -1 when there was none.',
      () => sources.figures().msSinceLastUpdate,
    ),
    gauge(
      'route_registration_latency',
      'Milliseconds that the endpoint added last took to get here.',
      () => registry().registrationLatencyMs,
    ),
    {
      name: 'endpoints_per_pool',
      type: 'gauge',
      help: 'Endpoints of each route that is balanced by hash.',
      *read() {
        for (const [route, value] of sources.hashPools())
          yield { labels: { route, lb_algorithm: 'hash' }, value };
      },
    },
    byComponent('total_requests', 'Attempts at endpoints.', sources, ({ attempts }) => attempts),
    responses(sources),
    {
      name: 'responses_route_services',
      type: 'counter',
      help: 'Not counted, as in gorouter.',
      read: () => [],
    },
    counter(
      'rejected_requests',
      'Requests for no route or instance that exists.',
      () => total().rejectedRequests,
    ),
    counter('bad_gateways', 'Requests answered with 502.', () => total().badGateways),
    counter(
      'backend_exhausted_conns',
      'Requests refused because all endpoints were at their connection limit.',
      () => total().backendExhaustedConns,
    ),
    counter(
      'backend_invalid_id',
      'Requests failed because an endpoint is not the instance it should be.',
      () => total().backendInvalidId,
    ),
    counter(
      'backend_invalid_tls_cert',
      'Requests failed by a certificate that is not trusted.',
      () => total().backendInvalidTlsCert,
    ),
    counter(
      'backend_tls_handshake_failed',
      'Requests failed in the TLS handshake.',
      () => total().backendTlsHandshakeFailed,
    ),
    counter('empty_content_length_header', 'Not counted: such requests are refused.', () => 0),
    counter(
      'websocket_upgrades',
      'WebSocket requests that an endpoint answered.',
      () => total().websocketUpgrades,
    ),
    counter(
      'websocket_failures',
      'WebSocket requests that no endpoint answered.',
      () => total().websocketFailures,
    ),
    gauge('file_descriptors', 'Open descriptors of all processes, every 5 seconds.', options.descriptors),
    gauge('buffered_messages', 'Bus messages that wait: none, each is taken as it comes.', () => 0),
    gauge(
      'total_dropped_messages',
      'Times the bus said that it dropped messages because we read too slowly.',
      () => Number(sources.figures().feed.slowConsumers ?? 0),
    ),
    ...perRequest(sources, options.perRequest),
  ];
  if (options.perApp) {
    metrics.push(
      labelledMetric(
        'gauge',
        'http_latency_seconds',
        'Seconds that the latest request took, by app.',
        'source_id',
        () => sources.latestBySource(),
      ),
    );
  }
  return metrics;
}

function messages(sources: MetricSources): Metric {
  return {
    name: 'registry_message',
    type: 'counter',
    help: 'URIs of accepted register messages, by what became of them.',
    *read() {
      for (const [component, counts] of sources.registry().messages) {
        for (const action of ['added', 'updated', 'refreshed', 'unmodified'] as const) {
          if (counts[action] > 0) yield { labels: { component, action }, value: counts[action] };
        }
      }
    },
  };
}

function responses(sources: MetricSources): Metric {
  return {
    name: 'responses',
    type: 'counter',
    help: 'Answers to requests that had an endpoint.',
    read() {
      const { responses2xx, responses3xx, responses4xx, responses5xx, responsesOther } =
        sources.figures().total;
      const groups: [string, number][] = [
        ['2xx', responses2xx],
        ['3xx', responses3xx],
        ['4xx', responses4xx],
        ['5xx', responses5xx],
        ['xxx', responsesOther],
      ];
      return groups.flatMap(([status_group, value]): Sample[] =>
        value === 0 ? [] : [{ labels: { status_group }, value }],
      );
    },
  };
}

/** The latest value, where gorouter had histograms before. */
function perRequest(sources: MetricSources, on: boolean): Metric[] {
  const latest = () => sources.figures().total.latest;
  return [
    gauge('route_lookup_time', 'Nanoseconds of a lookup, of one in a second.', () =>
      on ? latest().lookupNs : 0,
    ),
    gauge('gorouter_time', 'Seconds of the latest request that were not spent proxying.', () =>
      on ? latest().gorouterMs / 1000 : 0,
    ),
    {
      name: 'latency',
      type: 'gauge',
      help: 'Milliseconds that the latest proxied request took.',
      *read() {
        if (!on) return;
        for (const [component, { latencyMs, finishedAtMs }] of sources.figures().total.components) {
          if (finishedAtMs > 0) yield { labels: { component }, value: latencyMs };
        }
      },
    },
  ];
}

function byComponent(
  name: string,
  help: string,
  sources: MetricSources,
  value: (counts: ComponentCounts) => number,
): Metric {
  return labelledMetric('counter', name, help, 'component', function* () {
    for (const [component, counts] of sources.figures().total.components) {
      if (value(counts) > 0) yield [component, value(counts)] as const;
    }
  });
}

import { LATENCY_BOUNDS_MS } from '../../request/counters.ts';
import type { WorkerView } from '../sources.ts';
import { counter, gauge, labelledMetric, type Metric, type Sample } from './metric.ts';
import type { MetricSources } from './sources.ts';

/** Metrics that gorouter does not have, all with `turnout_` in front. Units are those of Prometheus: seconds, bytes. */
export function ownMetrics(
  sources: MetricSources,
  descriptors: (pid: number) => number | undefined,
): Metric[] {
  const total = () => sources.figures().total;
  const registry = () => sources.registry();
  const store = () => sources.figures().store;
  const feed = (name: string) => () => Number(sources.figures().feed[name] ?? 0);
  return [
    gauge('turnout_healthy', '1 while /health says ok.', () => (sources.healthy() ? 1 : 0)),
    gauge(
      'turnout_start_time_seconds',
      'When the router was started, Unix time.',
      () => sources.figures().startedAtMs / 1000,
    ),
    counter(
      'turnout_requests_total',
      'Finished requests, those that the router answered by itself included.',
      () => total().requests,
    ),
    requestDuration(sources),
    counter('turnout_retries_total', 'Attempts after the first of their request.', () => total().retries),
    counter('turnout_bad_requests_total', 'Requests refused for what they are.', () => total().badRequests),
    counter('turnout_request_body_bytes_total', 'Bytes of request bodies.', () => total().requestBytes),
    counter('turnout_response_body_bytes_total', 'Bytes of response bodies.', () => total().responseBytes),
    counter('turnout_connections_total', 'Connections of clients.', () => total().connectionsOpened),
    counter('turnout_tunnels_total', 'Upgraded connections.', () => total().tunnelsOpened),
    counter(
      'turnout_access_log_lines_lost_total',
      'Lines dropped because the disk was too slow.',
      () => total().accessLogDropped,
    ),
    counter(
      'turnout_log_lines_lost_total',
      'Lines of the operational log that nobody read in time.',
      () => total().logLinesLost + sources.logLinesLost(),
    ),
    counter(
      'turnout_marks_ignored_total',
      'Times a route was served by failed endpoints, because all it has had failed.',
      () => total().marksIgnored,
    ),
    gauge(
      'turnout_endpoints',
      'Endpoints, counted on each of their routes.',
      () => sources.figures().endpoints,
    ),
    counter(
      'turnout_endpoints_marked_total',
      'Times an endpoint was passed over for a failure.',
      () => registry().marked,
    ),
    counter(
      'turnout_endpoints_pruned_on_failure_total',
      'Endpoints removed for a failure.',
      () => registry().prunedOnFailure,
    ),
    counter(
      'turnout_endpoints_restored_total',
      'Endpoints that came from the snapshot.',
      () => registry().restored,
    ),
    gauge('turnout_nats_connected', '1 while the bus is connected.', () =>
      sources.figures().feed.connected === true ? 1 : 0,
    ),
    counter('turnout_nats_reconnects_total', 'Times the bus came back.', feed('reconnects')),
    counter('turnout_nats_messages_total', 'Messages received.', feed('received')),
    counter('turnout_nats_invalid_messages_total', 'Messages dropped for what they say.', feed('invalid')),
    gauge('turnout_snapshot_failing', '1 while the snapshot store fails.', () => (store().failing ? 1 : 0)),
    gauge(
      'turnout_snapshot_saved_time_seconds',
      'When the snapshot was last saved, Unix time; 0 = not yet.',
      () => (store().lastSavedAtMs ?? 0) / 1000,
    ),
    counter('turnout_replica_resyncs_total', 'Whole tables sent to workers beyond the first of each.', () =>
      sources.resyncs(),
    ),
    counter('turnout_worker_deaths_total', 'Workers that ended by themselves.', () => sources.workerDeaths()),
    labelledMetric('gauge', 'turnout_workers', 'Workers by state.', 'state', () => states(sources.workers())),
    perWorker(
      sources,
      'replication_lag_changes',
      'Route changes that it has not confirmed.',
      ({ lagChanges }) => lagChanges,
    ),
    perWorker(
      sources,
      'replication_lag_seconds',
      'How long the oldest of them waits.',
      ({ lagMs }) => lagMs / 1000,
    ),
    perWorker(
      sources,
      'silent_seconds',
      'Since it sent its figures; more than some 10 s and it is stuck.',
      ({ silentMs }) => silentMs / 1000,
    ),
    perWorker(sources, 'active_requests', 'Requests under way.', ({ stats }) => stats?.activeRequests),
    perWorker(sources, 'connections', 'Open connections of clients.', ({ stats }) => stats?.openConnections),
    perWorker(sources, 'tunnels', 'Open upgraded connections.', ({ stats }) => stats?.openTunnels),
    perWorker(
      sources,
      'idle_endpoint_connections',
      'Connections to endpoints that wait for use.',
      ({ stats }) => stats?.idleEndpointConnections,
    ),
    perWorker(sources, 'resident_memory_bytes', 'Memory.', ({ stats }) => stats?.rss),
    perWorker(
      sources,
      'cpu_seconds',
      'CPU time since the process was started.',
      ({ stats }) => stats && stats.cpuMs / 1000,
    ),
    perWorker(
      sources,
      'loop_delay_seconds',
      'Longest hold-up of the event loop in its latest report.',
      ({ stats }) => stats && stats.loopDelayMaxMs / 1000,
    ),
    perWorker(sources, 'file_descriptors', 'Open descriptors.', ({ pid }) => descriptors(pid)),
  ];
}

/** By the worker's place, which outlives its process. */
function perWorker(
  sources: MetricSources,
  name: string,
  help: string,
  value: (worker: WorkerView) => number | undefined,
): Metric {
  return labelledMetric('gauge', `turnout_worker_${name}`, help, 'worker', function* () {
    for (const worker of sources.workers()) {
      const found = value(worker);
      if (found !== undefined) yield [String(worker.slot), found] as const;
    }
  });
}

function states(workers: readonly WorkerView[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of workers) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** Each third bound is 1.95 times the one before: from 0.1 ms to 100 s in 21 buckets. */
const EACH = 3;

function requestDuration(sources: MetricSources): Metric {
  return {
    name: 'turnout_request_duration_seconds',
    type: 'histogram',
    help: 'Received to finished, of all requests but tunnels.',
    *read(): Iterable<Sample> {
      const { latency, latencySumMs } = sources.figures().total;
      let count = 0;
      for (const [i, boundMs] of LATENCY_BOUNDS_MS.entries()) {
        count += latency[i] ?? 0;
        if (i % EACH !== 0) continue;
        yield { suffix: '_bucket', labels: { le: shortSeconds(boundMs) }, value: count };
      }
      count += latency[LATENCY_BOUNDS_MS.length] ?? 0;
      yield { suffix: '_bucket', labels: { le: '+Inf' }, value: count };
      yield { suffix: '_sum', value: latencySumMs / 1000 };
      yield { suffix: '_count', value: count };
    },
  };
}

/** Bounds are names, too: they must not change with the last bit of a multiplication. */
function shortSeconds(ms: number): string {
  return String(Number((ms / 1000).toPrecision(4)));
}

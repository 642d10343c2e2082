import { percentilesMs } from './percentiles.ts';
import type { PrimaryFigures, ProcessFigures, WorkerView } from './sources.ts';
import { workerJson } from './worker-json.ts';

export interface VarzInput {
  readonly figures: PrimaryFigures;
  readonly workers: readonly WorkerView[];
  readonly primary: ProcessFigures;
  /** `status.host:status.port`. */
  readonly host: string;
  readonly user: string;
  readonly pass: string;
  /** Unix ms. */
  readonly nowMs: number;
  readonly cores: number;
  /** Peak resident memory of the primary, kB. */
  readonly maxRssKb: number;
  /** Share of a core, all processes. */
  readonly cpu: number;
  /** Requests per second over 1, 5 and 15 minutes. */
  readonly rates: RateValues;
  /** The same by component. */
  readonly componentRates: ReadonlyMap<string, RateValues>;
}

type RateValues = readonly [number, number, number];

const SHARES = [0.5, 0.75, 0.9, 0.95, 0.99] as const;

/**
 * The object that `/varz` answers and component messages on the bus carry (operations.md 9): gorouter's members,
 * with the sums over all processes, then our own.
 */
export function varz(input: VarzInput): Readonly<Record<string, unknown>> {
  const { figures, workers, nowMs, rates } = input;
  const { total } = figures;
  const workersRssKb = workers.reduce((sum, { stats }) => sum + (stats?.rss ?? 0), 0) / 1024;
  return {
    type: 'Router',
    index: figures.index,
    host: input.host,
    credentials: [input.user, input.pass],
    uuid: `${figures.index}-${figures.uuid}`,
    start: startText(figures.startedAtMs),
    uptime: uptimeText(nowMs - figures.startedAtMs),
    num_cores: input.cores,
    mem: Math.round(input.maxRssKb + workersRssKb),
    cpu: input.cpu,
    log_counts: {},
    urls: figures.routes,
    droplets: figures.addresses,
    bad_requests: total.badRequests,
    bad_gateways: total.badGateways,
    requests: total.requests,
    requests_per_sec: rates[0],
    rate: rates,
    responses_2xx: total.responses2xx,
    responses_3xx: total.responses3xx,
    responses_4xx: total.responses4xx,
    responses_5xx: total.responses5xx,
    responses_xxx: total.responsesOther,
    latency: latencyJson(total.latency),
    tags: { component: componentsJson(figures, input.componentRates) },
    top10_app_requests: figures.busiestApps.map(({ app, requests }) => ({
      application_id: app,
      rpm: requests,
      rps: Math.trunc(requests / 60),
    })),
    ms_since_last_registry_update: figures.msSinceLastUpdate,
    endpoints: figures.endpoints,
    epoch: figures.epoch,
    sequence: figures.seq,
    checksum: figures.checksum,
    store: {
      kind: figures.store.kind,
      last_saved_ms_ago: figures.store.lastSavedAtMs === undefined ? -1 : nowMs - figures.store.lastSavedAtMs,
      failing: figures.store.failing,
    },
    nats: figures.feed,
    primary: primaryJson(input.primary),
    workers: workers.map(workerJson),
  };
}

/** Requests without the tag count in the sums alone. */
function componentsJson(
  { total, componentLatency }: PrimaryFigures,
  rates: ReadonlyMap<string, RateValues>,
): Readonly<Record<string, unknown>> {
  const components = [...total.components].filter(([component]) => component !== '');
  return Object.fromEntries(
    components.map(([component, counts]) => {
      const latency = componentLatency.get(component);
      return [
        component,
        {
          requests: counts.requests,
          rate: rates.get(component) ?? [0, 0, 0],
          responses_2xx: counts.responses2xx,
          responses_3xx: counts.responses3xx,
          responses_4xx: counts.responses4xx,
          responses_5xx: counts.responses5xx,
          responses_xxx: counts.responsesOther,
          ...(latency === undefined ? {} : { latency: latencyJson(latency) }),
        },
      ];
    }),
  );
}

/** Seconds; gorouter's last two members are constants. */
function latencyJson(counts: readonly number[]): Readonly<Record<string, number>> {
  const [p50, p75, p90, p95, p99] = percentilesMs(counts, SHARES).map((ms) => ms / 1000);
  return { 50: p50!, 75: p75!, 90: p90!, 95: p95!, 99: p99!, value: 5e-7, samples: 1 };
}

/** Names as those of a worker's figures (worker-json.ts). */
function primaryJson(primary: ProcessFigures): Readonly<Record<string, number>> {
  return {
    pid: primary.pid,
    rss_bytes: primary.rss,
    heap_used_bytes: primary.heapUsed,
    cpu_ms: primary.cpuMs,
    loop_delay_max_ms: primary.loopDelayMaxMs,
  };
}

/** `2026-11-22 16:32:18 +0000`. */
function startText(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19).replace('T', ' ')} +0000`;
}

/** `1d:2h:3m:4s`. */
function uptimeText(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(s / 86_400)}d:${Math.floor(s / 3600) % 24}h:${Math.floor(s / 60) % 60}m:${s % 60}s`;
}

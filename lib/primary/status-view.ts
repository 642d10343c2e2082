import type { Broadcaster } from '../ipc/broadcaster.ts';
import type { LoopDelay } from '../loop-delay.ts';
import type { MetricSources, RegistryFigures } from '../status/metrics/sources.ts';
import type {
  PrimaryFigures,
  ProcessFigures,
  RouteView,
  StatusSources,
  WorkerView,
} from '../status/sources.ts';
import type { SnapshotKeeper } from '../store/keeper.ts';
import type { SnapshotStore } from '../store/store.ts';
import type { AppTraffic } from './app-traffic.ts';
import type { Life } from './life.ts';
import type { Registry } from './registry.ts';
import type { Supervisor } from './supervisor.ts';

/** As many as gorouter shows. */
const TOP_APPS = 10;

export interface StatusViewDeps {
  readonly index: number;
  readonly uuid: string;
  readonly startedAtMs: number;
  /** Unix ms. */
  readonly now: () => number;
  readonly registry: Registry;
  readonly broadcaster: Broadcaster;
  readonly supervisor: Supervisor;
  readonly life: Life;
  readonly store: SnapshotStore;
  readonly keeper: SnapshotKeeper;
  /** Of the primary's operational log. */
  readonly logLinesLost: () => number;
  readonly feed: () => PrimaryFigures['feed'];
  readonly traffic: AppTraffic;
  /** Nobody else may read it: each reading begins anew. */
  readonly loopDelay: LoopDelay;
}

/** The primary as the status servers and the metrics see it. */
export class StatusView implements StatusSources, MetricSources {
  readonly #deps: StatusViewDeps;

  constructor(deps: StatusViewDeps) {
    this.#deps = deps;
  }

  healthy(): boolean {
    return this.#deps.life.healthy;
  }

  alive(): boolean {
    return true;
  }

  *routes(): Iterable<RouteView> {
    for (const { key, records } of this.#deps.registry.pools()) yield { key, endpoints: records };
  }

  registry(): RegistryFigures {
    return this.#deps.registry.counters;
  }

  hashPools(): Iterable<readonly [string, number]> {
    return this.#deps.registry.hashedRoutes();
  }

  latestBySource(): ReadonlyMap<string, number> {
    return this.#deps.supervisor.sources;
  }

  workerDeaths(): number {
    return this.#deps.supervisor.deaths;
  }

  logLinesLost(): number {
    return this.#deps.logLinesLost();
  }

  resyncs(): number {
    return this.#deps.broadcaster.resyncs;
  }

  workers(): readonly WorkerView[] {
    const { broadcaster, supervisor, now } = this.#deps;
    return supervisor.workers.map(({ id, slot, pid, state, heardAtMs, stats }) => {
      const replica = broadcaster.view(id);
      return {
        id,
        slot,
        pid,
        state,
        epoch: replica === undefined ? '' : broadcaster.epoch,
        seq: broadcaster.seq,
        ackedSeq: replica?.ackedSeq ?? 0,
        lagChanges: replica?.lagChanges ?? 0,
        lagMs: replica?.lagMs ?? 0,
        resyncs: replica?.resyncs ?? 0,
        checksum: replica?.checksum ?? 0,
        silentMs: Math.max(0, now() - heardAtMs),
        stats,
      };
    });
  }

  readProcess(): ProcessFigures {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    const loopDelayMaxMs = this.#deps.loopDelay.takeMaxMs();
    return { pid: process.pid, rss, heapUsed, cpuMs: Math.round((user + system) / 1000), loopDelayMaxMs };
  }

  figures(): PrimaryFigures {
    const { index, uuid, startedAtMs, now, registry, broadcaster, supervisor, store, keeper, feed, traffic } =
      this.#deps;
    return {
      startedAtMs,
      index,
      uuid,
      routes: registry.routeCount,
      endpoints: registry.endpointCount,
      // Walks the table, so only for whoever asks.
      get addresses() {
        return registry.distinctAddresses();
      },
      msSinceLastUpdate: registry.lastUpdateMs === 0 ? -1 : now() - registry.lastUpdateMs,
      total: supervisor.counters(),
      get busiestApps() {
        return traffic.busiest(TOP_APPS, performance.now());
      },
      componentLatency: traffic.latency,
      store: { kind: store.kind, lastSavedAtMs: keeper.savedAtMs, failing: keeper.ill },
      feed: feed(),
      epoch: broadcaster.epoch,
      seq: broadcaster.seq,
      checksum: registry.checksum,
    };
  }
}

import type { WorkerStats } from '../../lib/ipc/messages.ts';
import { zeroCounters } from '../../lib/request/counters.ts';
import type {
  PrimaryFigures,
  ProcessFigures,
  RouteView,
  StatusSources,
  WorkerView,
} from '../../lib/status/sources.ts';

export function someFigures(fields: Partial<PrimaryFigures> = {}): PrimaryFigures {
  return {
    startedAtMs: Date.UTC(2026, 10, 22, 16, 32, 18),
    index: 3,
    uuid: '6d6f3a52-2f5c-4a3e-8f0b-0d7f5a9c3b1e',
    routes: 7,
    endpoints: 9,
    addresses: 8,
    msSinceLastUpdate: 1234,
    total: zeroCounters(),
    busiestApps: [],
    componentLatency: new Map(),
    store: { kind: 'embedded', lastSavedAtMs: undefined, failing: false },
    feed: { connected: true },
    epoch: 'e1',
    seq: 41,
    checksum: 99,
    ...fields,
  };
}

export function someProcess(): ProcessFigures {
  return { pid: 4710, rss: 80_000_000, heapUsed: 20_000_000, cpuMs: 2500, loopDelayMaxMs: 12 };
}

export function someStats(fields: Partial<WorkerStats> = {}): WorkerStats {
  return {
    counters: zeroCounters(),
    activeRequests: 1,
    openConnections: 2,
    openTunnels: 3,
    idleEndpointConnections: 4,
    routes: 7,
    endpoints: 9,
    rss: 50 * 1024 * 1024,
    heapUsed: 10_000_000,
    cpuMs: 1500,
    loopDelayMaxMs: 11,
    ...fields,
  };
}

export function aWorker(fields: Partial<WorkerView> = {}): WorkerView {
  return {
    id: 1,
    slot: 0,
    pid: 4711,
    state: 'listening',
    epoch: 'e1',
    seq: 41,
    ackedSeq: 40,
    lagChanges: 1,
    lagMs: 2.5,
    resyncs: 0,
    checksum: 99,
    silentMs: 400,
    stats: someStats(),
    ...fields,
  };
}

/** Sources whose answers a test may change at any time. */
export class ChangingSources implements StatusSources {
  isHealthy = true;
  isAlive = true;
  views: Iterable<RouteView> = [];
  workerViews: readonly WorkerView[] = [aWorker()];
  primary: PrimaryFigures = someFigures();

  healthy(): boolean {
    return this.isHealthy;
  }

  alive(): boolean {
    return this.isAlive;
  }

  routes(): Iterable<RouteView> {
    return this.views;
  }

  workers(): readonly WorkerView[] {
    return this.workerViews;
  }

  figures(): PrimaryFigures {
    return this.primary;
  }

  readProcess(): ProcessFigures {
    return someProcess();
  }
}

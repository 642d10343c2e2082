import type { WorkerView } from './sources.ts';

/** One worker's figures as `/workers` and `/varz` show them. Times in ms, sizes in bytes. */
export function workerJson(worker: WorkerView): Readonly<Record<string, unknown>> {
  const { stats } = worker;
  return {
    id: worker.id,
    pid: worker.pid,
    state: worker.state,
    epoch: worker.epoch,
    sequence: worker.seq,
    acked_sequence: worker.ackedSeq,
    lag_changes: worker.lagChanges,
    lag_ms: worker.lagMs,
    resyncs: worker.resyncs,
    checksum: worker.checksum,
    routes: stats?.routes ?? null,
    endpoints: stats?.endpoints ?? null,
    requests: stats?.counters.requests ?? null,
    active_requests: stats?.activeRequests ?? null,
    connections: stats?.openConnections ?? null,
    tunnels: stats?.openTunnels ?? null,
    idle_endpoint_connections: stats?.idleEndpointConnections ?? null,
    access_log_dropped: stats?.counters.accessLogDropped ?? null,
    rss_bytes: stats?.rss ?? null,
    heap_used_bytes: stats?.heapUsed ?? null,
    cpu_ms: stats?.cpuMs ?? null,
    loop_delay_max_ms: stats?.loopDelayMaxMs ?? null,
  };
}

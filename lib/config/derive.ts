import { resolve } from 'node:path';
import type { Config } from './schema.ts';

const MIB = 1024 * 1024;

type Section<K extends keyof Config> = { -readonly [P in keyof Config[K]]: Config[K][P] };

/** What the host says; an argument, so that a test can say something else. */
export interface Host {
  /** Cores that this process may use: cgroup limits count. */
  readonly cores: number;
  readonly name: string;
  readonly workingDirectory: string;
}

/**
 * Fills in the values that depend on other values: operations.md 3, registry.md 6, route-services.md 1. What no
 * consumer should have to know twice (0 = 1 MiB, below 1 = 1) is decided here.
 */
export function derive(read: Config, given: (key: string) => boolean, host: Host): Config {
  const config = read as { -readonly [K in keyof Config]: Config[K] };
  const headBytes = read.max_request_header_bytes;
  config.max_request_header_bytes = headBytes > 0 ? Math.min(headBytes, MIB) : MIB;
  config.max_request_headers = Math.max(0, read.max_request_headers);
  config.max_response_header_bytes = Math.max(0, read.max_response_header_bytes);
  config.max_response_headers = Math.max(0, read.max_response_headers);
  config.max_idle_conns = Math.max(0, read.max_idle_conns);
  // Go's transport takes 0 for its own default of 2.
  config.max_idle_conns_per_host = Math.max(0, read.max_idle_conns_per_host || 2);
  if (read.drain_timeout === 0) config.drain_timeout = read.endpoint_timeout;
  if (read.websocket_dial_timeout === 0) config.websocket_dial_timeout = read.endpoint_dial_timeout;
  config.droplet_stale_threshold = Math.max(read.droplet_stale_threshold, read.start_response_delay_interval);
  config.domains = read.domains.map((entry) => ({ ...entry, domain: entry.domain || entry.name }));

  const backends: Section<'backends'> = { ...read.backends };
  backends.max_conns = Math.max(0, backends.max_conns);
  backends.max_attempts = Math.max(1, backends.max_attempts);
  config.backends = backends;

  const routeServices: Section<'route_services'> = { ...read.route_services };
  routeServices.max_attempts = Math.max(1, routeServices.max_attempts);
  config.route_services = routeServices;

  config.nats = { ...read.nats, hosts: busServers(read, given) };
  config.workers = { ...read.workers, count: workerCount(read, host) };
  config.snapshot = {
    ...read.snapshot,
    path: resolve(host.workingDirectory, read.snapshot.path || `turnout-snapshot-${read.port}.db`),
    redis: {
      ...read.snapshot.redis,
      router_id: read.snapshot.redis.router_id || `${host.name}-${read.index}`,
    },
  };
  return config;
}

function workerCount({ workers, go_max_procs: procs }: Config, host: Host): number {
  if (workers.count > 0) return workers.count;
  return procs > 0 ? procs : Math.max(1, host.cores);
}

/** Without other servers the router is a client of its own bus. */
function busServers({ nats }: Config, given: (key: string) => boolean): Config['nats']['hosts'] {
  const { embedded } = nats;
  if (embedded === undefined || (given('nats.hosts') && nats.hosts.length > 0)) return nats.hosts;
  const loopback: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1', '': '127.0.0.1' };
  return [{ hostname: loopback[embedded.host] ?? embedded.host, port: embedded.port }];
}

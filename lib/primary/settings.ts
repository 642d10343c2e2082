import type { Config } from '../config/schema.ts';
import type { TrafficPorts } from '../ipc/messages.ts';
import type { StatusSettings } from '../status/status-server.ts';
import { statusTls } from '../tls/status-tls.ts';
import type { RegistryOptions } from './registry.ts';

export function registryOptions(config: Config): RegistryOptions {
  return {
    defaultAlgorithm: config.balancing_algorithm,
    markMs: config.droplet_stale_threshold / 4,
    sharding: { mode: config.routing_table_sharding_mode, segments: new Set(config.isolation_segments) },
    keepEmptyPools: config.empty_pool_response_code_503,
    emptyPoolTimeoutMs: config.empty_pool_timeout,
  };
}

export function trafficPorts(config: Config): TrafficPorts {
  return {
    http: config.disable_http ? undefined : config.port,
    https: config.enable_ssl ? config.ssl_port : undefined,
  };
}

export function storeSettings(config: Config) {
  const { snapshot } = config;
  return {
    store: snapshot.store,
    path: snapshot.path,
    maxAgeMs: snapshot.max_age,
    redis: snapshot.store === 'redis' ? redisSettings(snapshot.redis) : undefined,
  };
}

function redisSettings(redis: Config['snapshot']['redis']) {
  const tls = {
    ...(redis.ca_certs === '' ? {} : { ca: redis.ca_certs }),
    ...(redis.cert_chain === '' ? {} : { cert: redis.cert_chain }),
    ...(redis.private_key === '' ? {} : { key: redis.private_key }),
    ...(redis.skip_ssl_validation ? { rejectUnauthorized: false } : {}),
  };
  return {
    url: redis.url,
    keyPrefix: redis.key_prefix,
    routerId: redis.router_id,
    cluster: redis.cluster,
    // Certificates that are there want a URL with TLS; none is not the same as an empty set of them.
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
}

export function statusSettings(config: Config): StatusSettings {
  const { status } = config;
  const tls = statusTls(config);
  return {
    ...(tls === undefined
      ? {}
      : { tls: { options: tls, http2: config.enable_http2, port: status.tls.port } }),
    host: status.host,
    port: status.port,
    user: status.user,
    pass: status.pass,
    plainHealth: status.enable_nontls_health_checks,
    componentServer: status.enable_deprecated_varz_healthz_endpoints,
    routesPort: status.routes.port,
    defaultAlgorithm: config.balancing_algorithm,
  };
}

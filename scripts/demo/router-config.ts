import { join } from 'node:path';

export interface RouterPorts {
  readonly http: number;
  readonly health: number;
  readonly routes: number;
  readonly nats: number;
}

export const DEFAULT_PORTS: RouterPorts = { http: 8081, health: 8080, routes: 8082, nats: 4222 };
export const STATUS_USER = 'demo';
export const STATUS_PASS = 'demo';

/** The router's configuration file for the demo: as an operator would write it for a single host. */
export function routerConfig(runDir: string, ports: RouterPorts, workers: number): string {
  const path = (name: string): string => JSON.stringify(join(runDir, name));
  return `# Written by scripts/demo.ts, anew on every run.
port: ${ports.http}
workers:
  count: ${workers}
  orphan_grace: 1s
nats:
  embedded:
    port: ${ports.nats}
backends:
  max_attempts: 3
disable_keep_alives: false
snapshot:
  store: embedded
  path: ${path('snapshot.db')}
  max_age: 24h
status:
  port: ${ports.health}
  user: ${STATUS_USER}
  pass: ${STATUS_PASS}
  routes:
    port: ${ports.routes}
start_response_delay_interval: 1s
drain_timeout: 2s
access_log:
  file: ${path('access.log')}
logging:
  level: info
  format:
    timestamp: rfc3339
`;
}

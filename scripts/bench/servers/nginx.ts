import { join } from 'node:path';
import { hostOf, type RouteSet } from '../feed/bench-route.ts';
import { freePorts } from '../free-ports.ts';
import type { Processes } from '../processes.ts';
import type { Contender } from '../request-cost/contender.ts';
import { type Certificate, CIPHERS } from './certificate.ts';
import { startNginxProcess } from './nginx-process.ts';

export interface NginxOptions {
  /** A folder of its own. */
  readonly dir: string;
  readonly core: number;
  readonly routes: RouteSet;
  /** It listens for TLS as well, with this; and towards endpoints that have it it is the only one trusted. */
  readonly certificate?: Certificate;
}

/**
 * The yardstick: it does what a router has to do to a request, and no more. Same fields added, a log line with the
 * same facts, connections kept on both sides; a host name chooses among as many upstreams as there are endpoints.
 */
export async function startNginx(processes: Processes, options: NginxOptions): Promise<Contender> {
  const { dir, core, certificate } = options;
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const accessLog = join(dir, 'access.log');
  const http = proxying(options, port, tlsPort, accessLog);
  const server = await startNginxProcess(processes, { name: 'nginx', dir, core, port, http });
  return {
    name: 'nginx',
    port,
    pid: server.pid,
    accessLog,
    ...(certificate === undefined ? {} : { tlsPort }),
  };
}

function proxying(
  { routes, certificate }: NginxOptions,
  port: number,
  tlsPort: number,
  accessLog: string,
): string {
  const endpoints = routes.endpoints ?? routes.count;
  const many = <T>(count: number, line: (n: number) => T): string =>
    Array.from({ length: count }, (_, n) => line(n)).join('\n');
  return `  log_format gorouter '$host - [$time_iso8601] "$request" $status $request_length $body_bytes_sent '
    '"$http_referer" "$http_user_agent" "$remote_addr:$remote_port" "$upstream_addr" '
    'x_forwarded_for:"$proxy_add_x_forwarded_for" x_forwarded_proto:"$scheme" vcap_request_id:"$request_id" '
    'response_time:$request_time gorouter_time:$upstream_response_time '
    'app_id:"app" app_index:"0" instance_id:"instance" x_cf_routererror:"-"';
  # In whole buffers, as the router's own.
  access_log ${accessLog} gorouter buffer=64k flush=1s;
  map_hash_max_size 262144;
  map_hash_bucket_size 128;
  map $host $endpoint {
${many(routes.count, (n) => `    ${hostOf(n)} endpoint_${n % endpoints};`)}
  }
${many(endpoints, (n) => upstream(n, routes.tls?.port ?? routes.backendPort))}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${certificate === undefined ? '' : tlsListener(tlsPort, certificate)}
    add_header X-Vcap-Request-Id $request_id;
    location / {
      proxy_pass ${routes.tls === undefined ? 'http' : 'https'}://$endpoint;
      ${routes.tls === undefined || certificate === undefined ? '' : tlsEndpoint(routes.tls.name, certificate)}
      proxy_http_version 1.1;
      # Bodies pass through memory as they come, as in the router; with nginx's defaults some pass through files.
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Start $msec;
      proxy_set_header X-Vcap-Request-Id $request_id;
      proxy_set_header X-Cf-ApplicationId f2a3e0a7-1b7e-4d1c-9a0e-1f0f5e7d9c10;
      proxy_set_header X-Cf-InstanceId 6f1de3a0-5f3c-4bd1-6ee7-9a3d;
      proxy_set_header X-Cf-InstanceIndex 0;
    }
  }`;
}

function tlsListener(port: number, { certFile, keyFile }: Certificate): string {
  return `listen 127.0.0.1:${port} ssl http2 backlog=4096;
    ssl_certificate ${certFile};
    ssl_certificate_key ${keyFile};
    ssl_protocols TLSv1.2;
    ssl_ciphers ${CIPHERS};`;
}

function tlsEndpoint(name: string, { certFile }: Certificate): string {
  return `proxy_ssl_protocols TLSv1.2;
      proxy_ssl_ciphers ${CIPHERS};
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate ${certFile};
      proxy_ssl_name ${name};`;
}

function upstream(n: number, port: number): string {
  const address = `127.0.${((n + 257) >> 8) & 255}.${(n + 257) & 255}:${port}`;
  return `  upstream endpoint_${n} { server ${address}; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 900s; }`;
}

import { keyPairError } from '../../tls/pem.ts';
import type { Config } from '../schema.ts';
import type { Violation } from './rule.ts';

const TLS_PORT = 8443;
const ANY = new Set(['', '0.0.0.0', '::']);

/** Status servers (tls.md 6), and that no two listeners want one port. */
export function* statusRules(config: Config): Generator<Violation> {
  const { status } = config;
  const { port, certificate, key } = status.tls;
  const tls = port !== TLS_PORT || certificate !== '' || key !== '';
  if (tls) {
    if (port === 0) {
      yield required('status.tls.port', '0', 'a port above 0', 'router.status.tls.port must not be 0');
    }
    if (certificate === '') {
      yield required(
        'status.tls.certificate',
        'nothing',
        'a PEM text',
        'router.status.tls.certificate must be provided',
      );
    }
    if (key === '') {
      yield required('status.tls.key', 'nothing', 'a PEM text', 'router.status.tls.key must be provided');
    }
    const error = certificate === '' || key === '' ? undefined : keyPairError(certificate, key);
    if (error !== undefined) {
      yield required(
        'status.tls.certificate',
        'an unusable pair',
        'a PEM certificate chain, leaf first, and in status.tls.key the PEM key of the leaf',
        `Error loading router.status.tls certificate/key pair: ${error}`,
      );
    }
  } else if (!status.enable_nontls_health_checks) {
    yield required(
      'status.enable_nontls_health_checks',
      'false while status.tls is not configured',
      'true, or a certificate and key in status.tls',
      'Neither TLS nor non-TLS health endpoints are enabled. Refusing to start gorouter.',
    );
  }
  yield* metricsRules(config);
  yield* portRules(config, tls);
}

function* metricsRules({ prometheus }: Config): Generator<Violation> {
  const { enabled, cert_path, key_path, ca_path } = prometheus;
  if (!enabled) return;
  const set = cert_path !== '' || key_path !== '' || ca_path !== '';
  for (const [key, path] of Object.entries({ cert_path, key_path, ca_path })) {
    if (!set || path !== '') continue;
    yield required(
      `prometheus.${key}`,
      'nothing beside the other paths',
      'a path: cert_path, key_path and ca_path together, or none of them',
      `prometheus.${key} must be provided for metrics over TLS`,
    );
  }
}

function required(key: string, found: string, allowed: string, message: string): Violation {
  return { key, found, allowed, message };
}

interface Listener {
  readonly key: string;
  readonly host: string;
  readonly port: number;
  readonly on: boolean;
}

function* portRules(config: Config, statusTls: boolean): Generator<Violation> {
  const { status, nats, prometheus } = config;
  const varz = status.enable_deprecated_varz_healthz_endpoints;
  const listeners: Listener[] = [
    { key: 'port', host: '', port: config.port, on: !config.disable_http },
    { key: 'ssl_port', host: '', port: config.ssl_port, on: config.enable_ssl },
    {
      key: 'status.port',
      host: varz ? status.host : '',
      port: status.port,
      on: status.enable_nontls_health_checks,
    },
    { key: 'status.tls.port', host: '', port: status.tls.port, on: statusTls },
    { key: 'status.routes.port', host: '127.0.0.1', port: status.routes.port, on: true },
    {
      key: 'nats.embedded.port',
      host: nats.embedded?.host ?? '',
      port: nats.embedded?.port ?? 0,
      on: nats.embedded !== undefined,
    },
    { key: 'prometheus.port', host: '127.0.0.1', port: prometheus.port, on: prometheus.enabled },
  ];
  const open: Listener[] = [];
  for (const listener of listeners) {
    if (!listener.on || listener.port === 0) continue;
    const other = open.find((one) => collide(one, listener));
    open.push(listener);
    if (other === undefined) continue;
    yield {
      key: listener.key,
      found: `${listener.port}, which is taken by ${other.key}`,
      allowed: 'a port of its own',
      message: `${listener.key} and ${other.key} are both ${listener.port}`,
      because: other.key,
    };
  }
}

function collide(a: Listener, b: Listener): boolean {
  return a.port === b.port && (a.host === b.host || ANY.has(a.host) || ANY.has(b.host));
}

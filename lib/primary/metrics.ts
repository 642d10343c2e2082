import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config/schema.ts';
import { errorText } from '../log/error-text.ts';
import type { Logger } from '../log/logger.ts';
import type { MetricsServer, MetricsSettings } from '../status/metrics/metrics-server.ts';
import type { MetricSources } from '../status/metrics/sources.ts';
import { PLATFORM_TLS } from '../tls/platform-rules.ts';

/** Rejects when they are wanted and cannot be had: dashboards without figures are found out too late. */
export async function startMetrics(
  config: Config,
  sources: MetricSources,
  logger: Logger,
): Promise<MetricsServer | undefined> {
  try {
    const settings = metricsSettings(config);
    if (settings === undefined) return undefined;
    // Most routers start without, and sooner for it.
    const { MetricsServer } = await import('../status/metrics/metrics-server.ts');
    const metrics = new MetricsServer(settings, sources, logger.child('metrics'));
    const { host, port } = await metrics.start();
    process.stderr.write(`Metrics endpoint is listening on ${host}:${port}/metrics\n`);
    return metrics;
  } catch (error) {
    logger.error('metrics-server-error', { error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

/** Reads the files of the certificates again. Unusable ones change nothing. */
export function renewMetricsTls(metrics: MetricsServer | undefined, config: Config, logger: Logger): void {
  if (metrics === undefined) return;
  try {
    const tls = metricsSettings(config)?.tls;
    if (tls !== undefined) metrics.renewTls(tls.options);
  } catch (error) {
    logger.error('metrics-certificates-not-reloaded', { error: errorText(error) });
  }
}

/** Undefined while they are off. Throws what reading the files of the certificates throws. */
function metricsSettings(config: Config): MetricsSettings | undefined {
  const { enabled, port, cert_path, key_path, ca_path } = config.prometheus;
  if (!enabled) return undefined;
  const settings = {
    port,
    perRequest: config.per_request_metrics_reporting,
    perApp: config.per_app_prometheus_http_metrics_reporting,
  };
  if (cert_path === '') return settings;
  const options = {
    ...PLATFORM_TLS,
    cert: readFileSync(cert_path),
    key: readFileSync(key_path),
    ca: readFileSync(ca_path),
    requestCert: true,
    rejectUnauthorized: true,
  };
  // Made here once, so that what is wrong with a file is said at start.
  createSecureContext(options);
  return { ...settings, tls: { options, http2: false } };
}

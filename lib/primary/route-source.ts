import { readFileSync } from 'node:fs';
import { timerMs } from '../config/duration.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../log/logger.ts';
import type { RouteFetcher } from '../route-fetcher/route-fetcher.ts';
import type { Tokens } from '../route-fetcher/token-fetcher.ts';
import { PLATFORM_TLS } from '../tls/platform-rules.ts';
import { abortablePause } from './pause.ts';
import type { Registry } from './registry.ts';

/** Half of gorouter's default interval of prune cycles, for routers that never prune. */
const POLL_MS = 15_000;

const NO_TOKENS: Tokens = { token: () => Promise.resolve(undefined) };

/** The routing API as a source for the registry; undefined where none is configured. Rejects, said, when it cannot be made. */
export async function createRouteFetcher(
  config: Config,
  registry: Registry,
  logger: Logger,
  now: () => number,
): Promise<RouteFetcher | undefined> {
  let settings: ReturnType<typeof routingApiSettings>;
  try {
    settings = routingApiSettings(config);
  } catch (error) {
    logger.error('initialize-uaa-client', { error });
    throw error;
  }
  if (settings === undefined) return undefined;
  logger.info('setting-up-routing-api');
  // Most routers have none, and start sooner without.
  const [{ RouteFetcher }, { RoutingApi }, { TokenFetcher }] = await Promise.all([
    import('../route-fetcher/route-fetcher.ts'),
    import('../route-fetcher/routing-api.ts'),
    import('../route-fetcher/token-fetcher.ts'),
  ]);
  const log = logger.child('route-fetcher');
  let tokens = NO_TOKENS;
  if (settings.tokens === undefined) log.info('using-noop-token-fetcher');
  else tokens = new TokenFetcher({ ...settings.tokens, logger: log, now, pause: abortablePause });
  return new RouteFetcher(settings.fetcher, {
    api: new RoutingApi(settings.api),
    tokens,
    logger: log,
    onRegister: (registration) => registry.register(registration, now()),
    onUnregister: (registration) => registry.unregister(registration, now()),
    onKeepAlive: (registration) => registry.keepAlive(registration, now()),
    pause: abortablePause,
  });
}

/** Undefined while there is no routing API. Throws what reading the CAs of the token server throws. */
function routingApiSettings(config: Config) {
  const { routing_api: api, oauth } = config;
  if (api.uri === '' || api.port === 0) return undefined;
  const halfCycleMs = config.prune_stale_droplets_interval / 2;
  return {
    fetcher: {
      pollMs: timerMs(halfCycleMs > 0 ? halfCycleMs : POLL_MS),
      staleThresholdMs: config.droplet_stale_threshold,
      keepWithoutApi: config.suspend_pruning_if_nats_unavailable,
    },
    api: {
      origin: `${api.uri}:${api.port}`,
      tls: { ...PLATFORM_TLS, ca: api.ca_certs, cert: api.cert_chain, key: api.private_key },
    },
    tokens: api.auth_disabled
      ? undefined
      : {
          uaa: {
            origin: `https://${oauth.token_endpoint}:${oauth.port}`,
            tls: {
              minVersion: 'TLSv1.2' as const,
              rejectUnauthorized: !oauth.skip_ssl_validation,
              ...(oauth.ca_certs === '' ? {} : { ca: readFileSync(oauth.ca_certs) }),
            },
          },
          clientName: oauth.client_name,
          clientSecret: oauth.client_secret,
          maxRetries: Math.max(0, config.token_fetcher_max_retries),
          retryMs: timerMs(config.token_fetcher_retry_interval),
          bufferMs: config.token_fetcher_expiration_buffer_time * 1000,
        },
  };
}

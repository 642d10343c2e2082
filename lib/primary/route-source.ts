import type { Config } from '../config/schema.ts';
import type { Logger } from '../log/logger.ts';
import type { RouteFetcher } from '../route-fetcher/route-fetcher.ts';
import type { Tokens } from '../route-fetcher/token-fetcher.ts';
import { abortablePause } from './pause.ts';
import type { Registry } from './registry.ts';
import { routingApiSettings } from './settings.ts';

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

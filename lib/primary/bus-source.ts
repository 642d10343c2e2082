import { randomUUID } from 'node:crypto';
import { timerMs } from '../config/duration.ts';
import type { Config } from '../config/schema.ts';
import { EmbeddedBus } from '../feed/embedded/embedded-bus.ts';
import { startMessage } from '../feed/start-message.ts';
import { Subscriber } from '../feed/subscriber.ts';
import type { Logger } from '../log/logger.ts';
import type { Pruner } from './pruner.ts';
import type { Registry } from './registry.ts';

/** The bus inside this process; undefined where none is configured. */
export function createEmbeddedBus({ nats }: Config, logger: Logger): EmbeddedBus | undefined {
  const { embedded, user, pass } = nats;
  if (embedded === undefined) return undefined;
  const { host, port, max_payload: maxPayload, max_pending: maxPending } = embedded;
  return new EmbeddedBus({ host, port, maxPayload, maxPending, user, pass, logger });
}

export interface BusSourceDeps {
  readonly registry: Registry;
  readonly pruner: Pruner;
  /** Where the embedded bus listens. */
  readonly embedded: { readonly port: number } | undefined;
  /** The address others reach this host at. */
  readonly localAddress: string;
  /** The router as a component of the platform's first generations, as JSON text (bus.md 8). */
  readonly component: () => string;
  readonly logger: Logger;
  /** Unix ms. */
  readonly now: () => number;
}

/** The bus as a source for the registry, and what tells the pruner whether anybody can be heard. */
export function createSubscriber(config: Config, deps: BusSourceDeps): Subscriber {
  const { registry, pruner, embedded, localAddress, component, logger, now } = deps;
  const uuid = randomUUID();
  return new Subscriber(
    {
      ...subscriberSettings(config),
      servers: busServers(config, embedded),
      startMessage: () =>
        startMessage({
          index: config.index,
          uuid,
          localAddress,
          startResponseDelayMs: config.start_response_delay_interval,
          staleThresholdMs: config.droplet_stale_threshold,
        }),
      ...(isComponent(config) ? { component } : {}),
      logger,
    },
    {
      onRegister: (registration) => registry.register(registration, now()),
      onUnregister: (registration) => registry.unregister(registration, now()),
      onConnected: () => pruner.busRegained(),
      onDisconnected: () => pruner.busLost(),
      onReconnected: () => pruner.busRegained(),
    },
  );
}

function subscriberSettings(config: Config) {
  const { nats } = config;
  return {
    user: nats.user,
    pass: nats.pass,
    ...(nats.tls_enabled ? { tls: { ca: nats.ca_certs, cert: nats.cert_chain, key: nats.private_key } } : {}),
    pingIntervalMs: timerMs(config.nats_client_ping_interval),
    publishStartIntervalMs: timerMs(config.publish_start_message_interval),
    enableHttp2: config.enable_http2,
    staleThresholdMs: config.droplet_stale_threshold,
  };
}

/** The embedded bus may have been told to take any free port. */
function busServers(config: Config, bound: { readonly port: number } | undefined): Config['nats']['hosts'] {
  const { embedded, hosts } = config.nats;
  if (embedded?.port !== 0 || bound === undefined) return hosts;
  return hosts.map((server) => (server.port === 0 ? { ...server, port: bound.port } : server));
}

/** Whether the router is a component of the platform's first generations (bus.md 8). */
function isComponent({ status }: Config): boolean {
  return status.enable_nontls_health_checks && status.enable_deprecated_varz_healthz_endpoints;
}

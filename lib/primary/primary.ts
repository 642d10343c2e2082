import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { timerMs } from '../config/duration.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import { EmbeddedBus } from '../feed/embedded/embedded-bus.ts';
import { localAddress } from '../feed/local-address.ts';
import { startMessage } from '../feed/start-message.ts';
import { Subscriber } from '../feed/subscriber.ts';
import { Broadcaster } from '../ipc/broadcaster.ts';
import { AccessLog } from '../log/access-log.ts';
import type { Logger } from '../log/logger.ts';
import { createLogger } from '../log/operational-log.ts';
import { StatusServer } from '../status/status-server.ts';
import { SnapshotKeeper } from '../store/keeper.ts';
import { createStore } from '../store/open-store.ts';
import { Life } from './life.ts';
import { LoopDelay } from './loop-delay.ts';
import { Pruner } from './pruner.ts';
import { Registry } from './registry.ts';
import { registryOptions, statusSettings, storeSettings, subscriberSettings } from './settings.ts';
import { StatusView } from './status-view.ts';
import { StoredSource } from './stored-source.ts';
import { Supervisor } from './supervisor.ts';
import { tableSource } from './table-source.ts';
import { warmStart } from './warm-start.ts';

/** What a store may take before the router starts without it. */
const STORE_WITHIN_MS = 5_000;
const BEAT_MS = 1_000;

export interface PrimaryOptions {
  /** Problems of the configuration that do not keep the router from starting. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * The root of the primary process: makes the parts, introduces them to each other, starts them in order and stops
 * them in reverse. Resolves when the router serves; the process ends by signal, or with exit code 1 and a line
 * that says why when it cannot start.
 */
export async function startPrimary(config: Config, options: PrimaryOptions): Promise<void> {
  const logger = createLogger({
    level: config.logging.level,
    timestamp: config.logging.format.timestamp === 'rfc3339' ? 'rfc3339' : 'unix-epoch',
    prefix: config.logging.syslog,
  });
  for (const { message } of options.warnings) logger.warn('Warning loading config:', { error: message });
  logger.info('starting');
  const now = Date.now;
  const routerIp = await localAddress();

  const registry: Registry = new Registry({
    options: registryOptions(config),
    logger: logger.child('registry'),
    onChange: (change, checksum) => broadcaster.publish(change, checksum),
    onStoredChange: (key, address) => keeper.changed(key, address),
  });
  const broadcaster = new Broadcaster({
    epoch: randomBytes(8).toString('hex'),
    source: tableSource(registry, now),
    logger: logger.child('broadcaster'),
    now,
    endOfTurn: setImmediate,
  });
  const store = createStore({ ...storeSettings(config), log: logger.child('snapshot'), now });
  const keeper = new SnapshotKeeper({
    store,
    source: new StoredSource(registry),
    everyMs: timerMs(config.snapshot.save_interval),
    pause: abortablePause,
    log: logger.child('snapshot'),
    now,
  });
  const pruner = new Pruner({
    registry,
    logger: logger.child('registry'),
    now,
    everyMs: timerMs(config.prune_stale_droplets_interval),
    registerIntervalMs: config.start_response_delay_interval,
    pauseWithoutBus: config.suspend_pruning_if_nats_unavailable,
  });
  const supervisor: Supervisor = new Supervisor({
    count: config.workers.count,
    exec: workerModule(),
    config,
    routerIp,
    broadcaster,
    logger: logger.child('supervisor'),
    now,
    random: Math.random,
    onEndpointFailed: (key, address, verdict, error) =>
      registry.endpointFailed(key, address, verdict, error, now()),
    onListening: () => life.workersChanged(),
  });
  const { embedded } = config.nats;
  const bus =
    embedded === undefined
      ? undefined
      : new EmbeddedBus({
          host: embedded.host,
          port: embedded.port,
          maxPayload: embedded.max_payload,
          maxPending: embedded.max_pending,
          user: config.nats.user,
          pass: config.nats.pass,
          logger,
        });
  let subscriber: Subscriber | undefined;
  const loopDelay = new LoopDelay();
  let beat: NodeJS.Timeout | undefined;

  const life: Life = new Life({
    drainTimes: { waitMs: timerMs(config.drain_wait), timeoutMs: timerMs(config.drain_timeout) },
    logger,
    now,
    pause: abortablePause,
    workers: supervisor,
    onHealth: (healthy) => supervisor.tellHealth(healthy),
    finish: async () => {
      clearInterval(beat);
      await status.stop();
      pruner.stop();
      await subscriber?.stop();
      await bus?.stop();
      await keeper.stop();
      await store.close();
      loopDelay.stop();
    },
    exit: (code) => process.exit(code),
  });
  const status = new StatusServer(
    statusSettings(config),
    new StatusView({
      index: config.index,
      uuid: randomUUID(),
      startedAtMs: now(),
      now,
      registry,
      broadcaster,
      supervisor,
      life,
      store,
      keeper,
      feed: () => ({ connected: subscriber?.connected ?? false, ...subscriber?.counters }),
    }),
    logger.child('status'),
  );
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) {
    process.on(signal, () => void life.signalled(signal));
  }
  process.on('SIGHUP', () => supervisor.reopenLogs());

  try {
    await probeAccessLog(config, logger);
    const listening = await status.start();
    logger.info('status-listening', { ...listening });
    loopDelay.start();
    // Workers boot while the snapshot is read.
    supervisor.start();
    const { restored, begin } = await warmStart({
      store,
      registry,
      logger: logger.child('snapshot'),
      now,
      maxAgeMs: config.snapshot.max_age,
      withinMs: STORE_WITHIN_MS,
    });
    keeper.start(begin);
    supervisor.feed();
    beat = setInterval(() => broadcaster.beat(), BEAT_MS);
    pruner.start();
    const busAddress = await bus?.start();
    const uuid = randomUUID();
    subscriber = new Subscriber(
      {
        ...subscriberSettings(config),
        servers: busServers(config, busAddress),
        startMessage: () =>
          startMessage({
            index: config.index,
            uuid,
            localAddress: routerIp,
            startResponseDelayMs: config.start_response_delay_interval,
            staleThresholdMs: config.droplet_stale_threshold,
          }),
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
    logger.info('setting-up-nats-connection');
    subscriber.start();
    if (restored === 0) {
      const delayMs = timerMs(config.start_response_delay_interval);
      logger.debug('Sleeping before returning success on /health endpoint to preload routing table', {
        sleep_time_seconds: delayMs / 1000,
      });
      await abortablePause(delayMs, life.startAborted);
    }
    if (life.startAborted.aborted) return;
    const port = await supervisor.open(config.port);
    logger.info('tcp-listener-started', { address: { IP: '::', Port: port, Zone: '' } });
    logger.info('gorouter.started');
    life.serving();
  } catch (error) {
    logger.error('gorouter.exited-with-failure', { error });
    supervisor.kill();
    process.exit(1);
  }
}

function abortablePause(ms: number, signal: AbortSignal): Promise<void> {
  return pause(ms, undefined, { signal }).catch(() => {}); // aborted: the pause is over
}

/** The workers append to the access log; whether it can be opened at all is found out before anything listens. */
async function probeAccessLog(config: Config, logger: Logger): Promise<void> {
  if (config.access_log.file === '') return;
  const probe = new AccessLog({ path: config.access_log.file, log: logger });
  try {
    await probe.open();
  } catch (error) {
    logger.error('error-creating-accesslog-file', { error });
    throw error;
  }
  await probe.close();
}

/** The embedded bus may have been told to take any free port. */
function busServers(config: Config, bound: { readonly port: number } | undefined): Config['nats']['hosts'] {
  const { embedded, hosts } = config.nats;
  if (embedded?.port !== 0 || bound === undefined) return hosts;
  return hosts.map((server) => (server.port === 0 ? { ...server, port: bound.port } : server));
}

/** The worker's root beside this file's folder, in the language that this process runs from. */
function workerModule(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../workers/http.${extension}`, import.meta.url));
}

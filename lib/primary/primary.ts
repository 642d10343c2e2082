import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { timerMs } from '../config/duration.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import type { LoadedConfig } from '../config/settle.ts';
import { localAddress } from '../feed/local-address.ts';
import type { Subscriber } from '../feed/subscriber.ts';
import { Broadcaster } from '../ipc/broadcaster.ts';
import { createLogger } from '../log/operational-log.ts';
import { LoopDelay } from '../loop-delay.ts';
import type { RouteFetcher } from '../route-fetcher/route-fetcher.ts';
import type { DebugServer } from '../status/debug-server.ts';
import { goJson } from '../status/go-json.ts';
import type { MetricsServer } from '../status/metrics/metrics-server.ts';
import { StatusServer } from '../status/status-server.ts';
import { SnapshotKeeper } from '../store/keeper.ts';
import { createStore } from '../store/open-store.ts';
import { statusTls } from '../tls/status-tls.ts';
import { ActiveApps } from './active-apps.ts';
import { AppTraffic } from './app-traffic.ts';
import { createEmbeddedBus, createSubscriber } from './bus-source.ts';
import { CertificateRenewal } from './certificate-renewal.ts';
import { startDebugServer } from './debug.ts';
import { Diagnoses } from './diagnoses.ts';
import { Life } from './life.ts';
import { renewMetricsTls, startMetrics } from './metrics.ts';
import { abortablePause } from './pause.ts';
import { probeAccessLog } from './probe-access-log.ts';
import { Pruner } from './pruner.ts';
import { Registry } from './registry.ts';
import { createRouteFetcher } from './route-source.ts';
import { registryOptions, statusSettings, storeSettings, trafficPorts } from './settings.ts';
import { handleSignals } from './signals.ts';
import { StatusView } from './status-view.ts';
import { StoredSource } from './stored-source.ts';
import { Supervisor } from './supervisor.ts';
import { tableSource } from './table-source.ts';
import { warmStart } from './warm-start.ts';

/** What a store may take before the router starts without it. */
const STORE_WITHIN_MS = 5_000;
const BEAT_MS = 1_000;
/** A loop that was held up for longer has let heartbeats wait, and is worth a line. */
const HELD_UP_MS = 1_000;

export interface PrimaryOptions {
  /** Problems of the configuration that do not keep the router from starting. */
  readonly warnings: readonly ConfigProblem[];
  /** Reads the configuration again, as the operator gave it at start. */
  readonly reload: () => LoadedConfig;
  /** Text of the error page; empty = none. */
  readonly errorPage: string;
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
  logger.debug('local-az-set', { AvailabilityZone: config.zone });
  logger.info('retrieved-isolation-segments', {
    isolation_segments: config.isolation_segments,
    routing_table_sharding_mode: config.routing_table_sharding_mode,
  });
  // The workers serve on without this process, long enough for another to be started.
  process.on('uncaughtException', (error) => {
    logger.error('gorouter.exited-with-failure', { error, stacktrace: error.stack });
    process.exit(1);
  });
  const routerLog = logger.child('router');
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
    errorPage: options.errorPage,
    broadcaster,
    logger: routerLog,
    now,
    random: Math.random,
    onEndpointFailed: (key, address, verdict, error) =>
      registry.endpointFailed(key, address, verdict, error, now()),
    onTraffic: (counted) => traffic.add(counted, performance.now()),
    onDiagnosed: (id, error) => diagnoses.done(id, error),
    onGone: (slot) => diagnoses.gone(slot),
    onListening: () => life.workersChanged(),
  });
  const diagnoses = new Diagnoses((slot, message) => supervisor.tellOne(slot, message));
  const certificates = new CertificateRenewal(config, {
    reload: options.reload,
    renew: (renewed, tls) => supervisor.renewTls(renewed, tls),
    renewHealth: (renewed) => status.renewTls(statusTls(renewed)),
    tellTicketKeys: (keys) => supervisor.tellTicketKeys(keys),
    logger: routerLog,
  });
  const bus = createEmbeddedBus(config, logger);
  let subscriber: Subscriber | undefined;
  const traffic = new AppTraffic();
  const activeApps = new ActiveApps({
    everyMs: timerMs(config.publish_active_apps_interval),
    take: () => traffic.takeActive(),
    connected: () => subscriber?.connected ?? false,
    publish: (subject, payload) => subscriber?.publish(subject, payload),
  });
  const loopDelay = new LoopDelay();
  /** For the status alone: each reading begins a new measurement. */
  const shownLoopDelay = new LoopDelay();
  let beat: NodeJS.Timeout | undefined;

  const life: Life = new Life({
    drainTimes: { waitMs: timerMs(config.drain_wait), timeoutMs: timerMs(config.drain_timeout) },
    logger: routerLog,
    now,
    pause: abortablePause,
    workers: supervisor,
    onHealth: (healthy) => supervisor.tellHealth(healthy),
    finish: [
      () => clearInterval(beat),
      () => certificates.stop(),
      () => status.stop(),
      () => metrics?.stop(),
      () => debug?.stop(),
      () => pruner.stop(),
      () => routeFetcher?.stop(),
      () => activeApps.stop(),
      () => subscriber?.stop(),
      () => bus?.stop(),
      () => keeper.stop(),
      () => store.close(),
      () => loopDelay.stop(),
      () => shownLoopDelay.stop(),
    ],
    exit: (code) => {
      logger.child('subscriber').info('exited');
      void logger.flushed().then(() => process.exit(code));
    },
  });
  const view = new StatusView({
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
    traffic,
    loopDelay: shownLoopDelay,
    logLinesLost: () => logger.linesLost,
  });
  const status = new StatusServer(statusSettings(config), view, logger.child('status'));
  let metrics: MetricsServer | undefined;
  let debug: DebugServer | undefined;
  let routeFetcher: RouteFetcher | undefined;
  handleSignals({
    end: (signal) => void life.signalled(signal),
    renew: () => {
      supervisor.reopenLogs();
      certificates.renew();
      renewMetricsTls(metrics, config, logger);
    },
    kill: () => supervisor.kill(),
  });

  const { startAborted } = life;
  try {
    debug = await startDebugServer(config, logger, {
      workers: () => view.workers().map(({ slot, pid, stats }) => ({ slot, pid, stats })),
      diagnose: (process, kind, seconds) => diagnoses.take(process, kind, seconds),
      setLogLevel: (level) => {
        logger.setLevel(level);
        supervisor.setLogLevel(level);
      },
    });
    if (startAborted.aborted) return;
    metrics = await startMetrics(config, view, logger);
    if (startAborted.aborted) return;
    await probeAccessLog(config, logger);
    const listening = await status.start().catch((error: Error) => {
      logger.error('initialize-router-error', { error: error.message });
      throw error;
    });
    if (startAborted.aborted) return;
    logger.info('status-listening', { ...listening });
    loopDelay.start();
    shownLoopDelay.start();
    certificates.start();
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
    if (startAborted.aborted) return;
    keeper.start(begin);
    supervisor.feed();
    beat = setInterval(() => {
      broadcaster.beat();
      const heldUpMs = loopDelay.takeMaxMs();
      if (heldUpMs >= HELD_UP_MS) logger.warn('primary-held-up', { held_up_ms: heldUpMs });
    }, BEAT_MS);
    pruner.start();
    const busAddress = await bus?.start();
    if (startAborted.aborted) return;
    subscriber = createSubscriber(config, {
      registry,
      pruner,
      embedded: busAddress,
      localAddress: routerIp,
      component: () => goJson(status.varz()),
      logger,
      now,
    });
    logger.info('setting-up-nats-connection');
    subscriber.start();
    activeApps.start();
    routeFetcher = await createRouteFetcher(config, registry, logger, now);
    if (startAborted.aborted) return;
    routeFetcher?.start();
    if (restored === 0) {
      const delayMs = timerMs(config.start_response_delay_interval);
      routerLog.debug('Sleeping before returning success on /health endpoint to preload routing table', {
        sleep_time_seconds: delayMs / 1000,
      });
      await abortablePause(delayMs, startAborted);
      if (startAborted.aborted) return;
    }
    const { http, https } = await supervisor.open(trafficPorts(config));
    if (startAborted.aborted) return;
    if (http === undefined) routerLog.info('tcp-listener-disabled');
    else routerLog.info('tcp-listener-started', { address: { IP: '::', Port: http, Zone: '' } });
    if (https === undefined) routerLog.info('tls-listener-not-enabled');
    else routerLog.info('tls-listener-started', { address: { IP: '::', Port: https, Zone: '' } });
    routerLog.info('gorouter.started');
    life.serving();
  } catch (error) {
    // A start that was called off ends by `life`, and what it left half made may complain.
    if (startAborted.aborted) return;
    logger.error('gorouter.exited-with-failure', { error });
    supervisor.kill();
    process.exit(1);
  }
}

/** The worker's root beside this file's folder, in the language that this process runs from. */
function workerModule(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../workers/http.${extension}`, import.meta.url));
}

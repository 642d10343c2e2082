import cluster from 'node:cluster';
import { timerMs } from '../lib/config/duration.ts';
import { diagnose } from '../lib/diagnose.ts';
import { Front } from '../lib/front/front.ts';
import { EndpointStates } from '../lib/health/endpoint-states.ts';
import type { ToWorker, TrafficPorts } from '../lib/ipc/messages.ts';
import { Replica } from '../lib/ipc/replica.ts';
import { Lanes } from '../lib/lanes/lanes.ts';
import { accessJson } from '../lib/log/access-json.ts';
import { accessLine } from '../lib/log/access-line.ts';
import { errorText } from '../lib/log/error-text.ts';
import { createLogger } from '../lib/log/operational-log.ts';
import { workerCounters } from '../lib/request/counters.ts';
import type { RequestRecord } from '../lib/request/record.ts';
import { noTraffic } from '../lib/request/traffic.ts';
import { RouteTable } from '../lib/routes/route-table.ts';
import { makeAccessSink } from '../lib/worker/access-sink.ts';
import { Arrivals } from '../lib/worker/arrivals.ts';
import { followChange } from '../lib/worker/follow-change.ts';
import { listenAll } from '../lib/worker/listener.ts';
import { Orphanhood } from '../lib/worker/orphanhood.ts';
import { PrimaryLink } from '../lib/worker/primary-link.ts';
import {
  accessLogSettings,
  countsTraffic,
  endpointConnectionSettings,
  frontSettings,
  listenerSettings,
  requestSettings,
} from '../lib/worker/settings.ts';
import { StatsReporter } from '../lib/worker/stats-reporter.ts';
import { WorkerEnd } from '../lib/worker/worker-end.ts';

/*
 * The root of a worker process: forked by the primary and told everything over IPC. It copies the route table,
 * listens when told, serves, and ends when told, or some time after its primary is gone.
 */

/** For the last lines of a crashing worker to reach the access log. */
const CRASH_FLUSH_MS = 500;

// A terminal sends its signals to the whole process group; what they mean is the primary's to decide.
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
for (const signal of SIGNALS) process.on(signal, () => {});

// node:cluster ends a worker whose primary is gone, unless it believes that the worker disconnected by itself.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;

const primary = new PrimaryLink();
let receive = (message: ToWorker): void => {
  if (message.type !== 'configure')
    throw new Error(`a worker is configured first, not sent '${message.type}'`);
  receive = serve(message);
};
primary.onMessage((message) => receive(message));
primary.send({ type: 'started' });

/** Makes the parts and introduces them to each other. Returns what takes the messages from now on. */
function serve(told: Extract<ToWorker, { type: 'configure' }>): (message: ToWorker) => void {
  const { config } = told;
  const logger = createLogger({
    level: config.logging.level,
    timestamp: config.logging.format.timestamp === 'rfc3339' ? 'rfc3339' : 'unix-epoch',
    prefix: config.logging.syslog,
  });
  const counters = workerCounters({
    bySource: config.prometheus.enabled && config.per_app_prometheus_http_metrics_reporting,
    traffic: countsTraffic(config) ? noTraffic() : undefined,
  });
  const states = new EndpointStates();
  let table = new RouteTable();
  let healthy = false;

  const accessLog = makeAccessSink(config, logger.child('access-grlog'));
  const accessOptions = accessLogSettings(config);
  const format = config.access_log.format === 'json' ? accessJson : accessLine;
  const onFinished = (record: RequestRecord): void => accessLog?.append(format(record, accessOptions));

  const lane = new Lanes(
    {
      table: () => table,
      states,
      settings: requestSettings(config, told),
      endpoints: endpointConnectionSettings(config),
      front: frontSettings(config),
      counters,
      onFinished,
      onEndpointFailed: (key, address, verdict, error) =>
        primary.send({ type: 'endpoint-failed', key, address, verdict, error }),
      healthy: () => healthy,
      logger,
      now: Date.now,
      random: Math.random,
    },
    config.workers.fast_lane,
  );
  const front = new Front(listenerSettings(config), {
    protocols: config.enable_http2 ? lane.protocols : [],
    accept: (socket, origin, protocol) => lane.accept(socket, origin, protocol),
    logger,
  });
  const traffic = {
    servers: front.servers,
    drain: () => lane.drain(front.drain()),
    endTunnels: (ms: number) => lane.endTunnels(ms),
    stop: () => {
      front.stop();
      lane.stop();
    },
    figures: () => {
      const figures = lane.figures();
      return { ...figures, openConnections: figures.openConnections + front.enteringCount };
    },
  };

  const arrivals = new Arrivals(states, config.slow_start, Date.now);
  const replica = new Replica({
    send: (message) => primary.send(message),
    onTable: (next) => {
      table = next;
      states.retain((key) => next.get(key) !== undefined);
    },
    onChange: (change, before) => {
      followChange(change, before, states);
      arrivals.follow(change, before);
    },
    onMark: (key, address, untilMs) => states.mark(key, address, untilMs),
  });

  const stats = new StatsReporter(
    {
      counters,
      figures: () => {
        counters.accessLogDropped = accessLog?.dropped ?? 0;
        counters.logLinesLost = logger.linesLost;
        counters.marksIgnored = states.marksIgnored;
        return { ...traffic.figures(), routes: table.size, endpoints: replica.endpointCount };
      },
    },
    (figures) => primary.send({ type: 'stats', stats: figures }),
  );

  const end = new WorkerEnd({
    traffic,
    tunnelSpreadMs: timerMs(config.workers.tunnel_end_spread),
    onBegin: (active, idle) => primary.send({ type: 'draining', active, idle }),
    onEnd: async () => {
      stats.report();
      stats.stop();
      await accessLog?.close();
      // The last message must leave before the channel closes with the process.
      primary.close();
      setImmediate(() => process.exit(0));
    },
  });

  const orphanhood = new Orphanhood({
    graceMs: config.workers.orphan_grace,
    drainTimeoutMs: config.drain_timeout,
    end: (timeoutMs) => void end.begin(timeoutMs),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => orphanhood.signalled());
  primary.onGone(() => {
    if (end.begun) return;
    // Nobody will ever tell it to listen.
    if (!front.servers.some((server) => server.listening)) process.exit(0);
    logger.warn('primary-gone', { serving_on_ms: timerMs(config.workers.orphan_grace) });
    orphanhood.begin();
  });

  let crashed = false;
  process.on('uncaughtException', (error) => {
    logger.error('worker-crashed', { error: error.message, stacktrace: error.stack });
    if (crashed) process.exit(1);
    crashed = true;
    // What has been served has been served: its lines are worth the moment. New work is not taken.
    for (const server of front.servers) server.close();
    void (accessLog?.close(CRASH_FLUSH_MS) ?? Promise.resolve()).finally(() => process.exit(1));
  });

  const open = async (ports: TrafficPorts): Promise<void> => {
    const result = await listenAll(front, ports, config.workers.listener);
    if ('failed' in result) {
      primary.send({ type: 'listen-failed', listener: result.failed, message: result.message });
      return;
    }
    // A connection that could not be accepted, for want of descriptors perhaps: the listener is none the worse.
    for (const server of front.servers) {
      server.on('error', (error) => logger.error('accept-failed', { error }));
    }
    if (config.workers.listener === 'auto' && result.mode === 'shared-handle') {
      logger.warn('no-reuse-port', { error: 'SO_REUSEPORT is not available: workers share one listener' });
    }
    primary.send({ type: 'listening', ...result });
  };

  const opened = accessLog?.open() ?? Promise.resolve();
  void opened.then(() => {
    stats.start();
    primary.send({ type: 'hello' });
  });

  return (message) => {
    switch (message.type) {
      case 'listen':
        arrivals.begin();
        void open(message.ports);
        return;
      case 'front-tls':
        try {
          front.renew(message.tls);
        } catch (error) {
          logger.error('certificates-not-reloaded', { error });
        }
        return;
      case 'ticket-keys':
        front.useTicketKeys(message.keys);
        return;
      case 'health':
        healthy = message.healthy;
        return;
      case 'drain':
        void end.begin(message.timeoutMs);
        return;
      case 'log-level':
        logger.setLevel(message.level);
        return;
      case 'diagnose':
        void diagnose(message.kind, message.seconds, message.file).then(
          () => primary.send({ type: 'diagnosed', id: message.id, error: '' }),
          (error: unknown) => primary.send({ type: 'diagnosed', id: message.id, error: errorText(error) }),
        );
        return;
      case 'reopen-logs':
        void opened.then(() => accessLog?.reopen());
        return;
      default:
        replica.receive(message);
    }
  };
}

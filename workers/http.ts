import cluster from 'node:cluster';
import { timerMs } from '../lib/config/duration.ts';
import { EndpointStates } from '../lib/health/endpoint-states.ts';
import type { ToPrimary, ToWorker } from '../lib/ipc/messages.ts';
import { Replica } from '../lib/ipc/replica.ts';
import { GeneralLane } from '../lib/lanes/general/general-lane.ts';
import { accessJson } from '../lib/log/access-json.ts';
import { accessLine } from '../lib/log/access-line.ts';
import { AccessLog } from '../lib/log/access-log.ts';
import { createLogger } from '../lib/log/operational-log.ts';
import { zeroCounters } from '../lib/request/counters.ts';
import type { RequestRecord } from '../lib/request/record.ts';
import { RouteTable } from '../lib/routes/route-table.ts';
import { followChange } from '../lib/worker/follow-change.ts';
import { listen } from '../lib/worker/listener.ts';
import {
  accessLogSettings,
  endpointConnectionSettings,
  frontSettings,
  requestSettings,
} from '../lib/worker/settings.ts';
import { StatsReporter } from '../lib/worker/stats-reporter.ts';

/*
 * The root of a worker process: forked by the primary and told everything over IPC. It copies the route table,
 * listens when told, serves, and ends when told, or some time after its primary is gone.
 */

// A terminal sends its signals to the whole process group; what they mean is the primary's to decide.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {});

// node:cluster ends a worker whose primary is gone, unless it believes that the worker disconnected by itself.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;

function send(message: ToPrimary): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

process.once('message', (message: ToWorker) => {
  if (message.type !== 'configure')
    throw new Error(`a worker is configured first, not sent '${message.type}'`);
  void serve(message);
});

async function serve({
  config,
  slot,
  workers,
  routerIp,
}: Extract<ToWorker, { type: 'configure' }>): Promise<void> {
  const logger = createLogger({
    level: config.logging.level,
    timestamp: config.logging.format.timestamp === 'rfc3339' ? 'rfc3339' : 'unix-epoch',
    prefix: config.logging.syslog,
  });
  process.on('uncaughtException', (error) => {
    logger.error('worker-crashed', { error: error.message, stacktrace: error.stack });
    process.exit(1);
  });

  const counters = zeroCounters();
  const states = new EndpointStates();
  let table = new RouteTable();
  let healthy = false;
  let ending = false;

  let accessLog: AccessLog | undefined;
  if (config.access_log.file !== '') {
    accessLog = new AccessLog({ path: config.access_log.file, log: logger.child('access-grlog') });
    await accessLog.open();
  }
  const accessOptions = accessLogSettings(config);
  const format = config.access_log.format === 'json' ? accessJson : accessLine;
  const onFinished = (record: RequestRecord): void => accessLog?.append(format(record, accessOptions));

  const lane = new GeneralLane({
    table: () => table,
    states,
    settings: requestSettings(config, { slot, workers, routerIp }),
    endpoints: endpointConnectionSettings(config),
    front: frontSettings(config),
    counters,
    onFinished,
    onEndpointFailed: (key, address, verdict, error) =>
      send({ type: 'endpoint-failed', key, address, verdict, error }),
    healthy: () => healthy,
    logger,
    now: Date.now,
    random: Math.random,
  });

  const replica = new Replica({
    send,
    onTable: (next) => {
      table = next;
      states.retain((key) => next.get(key) !== undefined);
    },
    onChange: (change) => followChange(change, states),
    onMark: (key, address, untilMs) => states.mark(key, address, untilMs),
  });

  const stats = new StatsReporter(
    {
      counters,
      figures: () => {
        counters.accessLogDropped = accessLog?.dropped ?? 0;
        return { ...lane.figures(), routes: table.size, endpoints: replica.endpointCount };
      },
    },
    (figures) => send({ type: 'stats', stats: figures }),
  );

  let overdue: NodeJS.Timeout | undefined;
  const end = async (timeoutMs: number): Promise<void> => {
    clearTimeout(overdue);
    // The second time round it is a shorter deadline for the end that has begun.
    overdue = setTimeout(() => lane.stop(), timerMs(timeoutMs));
    if (ending) return;
    ending = true;
    await lane.drain();
    clearTimeout(overdue);
    lane.stop();
    stats.report();
    stats.stop();
    await accessLog?.close();
    // The last message must leave before the channel closes with the process.
    if (process.connected) process.disconnect?.();
    setImmediate(() => process.exit(0));
  };

  const open = async (port: number): Promise<void> => {
    try {
      const listening = await listen(lane.server, { port, listener: config.workers.listener });
      if (config.workers.listener === 'auto' && listening.mode === 'shared-handle') {
        logger.warn('no-reuse-port', { error: 'SO_REUSEPORT is not available: workers share one listener' });
      }
      send({ type: 'listening', ...listening });
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      send({ type: 'listen-failed', code, message: code === 'EADDRINUSE' ? addressInUse(port) : message });
    }
  };

  process.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'listen':
        void open(message.port);
        return;
      case 'health':
        healthy = message.healthy;
        return;
      case 'drain':
        void end(message.timeoutMs);
        return;
      case 'reopen-logs':
        void accessLog?.reopen();
        return;
      default:
        replica.receive(message);
    }
  });
  process.once('disconnect', () => {
    if (ending) return;
    logger.warn('primary-gone', { serving_on_ms: config.workers.orphan_grace });
    setTimeout(() => void end(config.drain_timeout), timerMs(config.workers.orphan_grace));
  });

  stats.start();
  send({ type: 'hello' });
}

function addressInUse(port: number): string {
  return `listen tcp :${port}: bind: address already in use`;
}

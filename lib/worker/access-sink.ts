import { hostname } from 'node:os';
import type { Config } from '../config/schema.ts';
import { syslogTarget } from '../config/syslog-address.ts';
import { AccessLog } from '../log/access-log.ts';
import { type AccessSink, AccessSinks } from '../log/access-sink.ts';
import type { Logger } from '../log/logger.ts';
import { DEFAULT_SOURCE } from '../log/operational-log.ts';
import { SyslogDatagrams } from '../log/syslog-datagrams.ts';
import { SyslogFrame } from '../log/syslog-frame.ts';
import { SyslogStream } from '../log/syslog-stream.ts';

/** Where this process writes access log lines: a file, a syslog server, both; undefined when there is no such log. */
export function makeAccessSink(config: Config, log: Logger): AccessSink | undefined {
  const sinks: AccessSink[] = [];
  const { file, enable_streaming: streaming } = config.access_log;
  if (file !== '') sinks.push(new AccessLog({ path: file, log }));
  if (streaming) sinks.push(makeSyslog(config, log));
  return sinks.length > 1 ? new AccessSinks(sinks) : sinks[0];
}

function makeSyslog(config: Config, log: Logger): AccessSink {
  const { logging } = config;
  const target = syslogTarget(logging);
  const shared = {
    name: `${logging.syslog_network} ${logging.syslog_addr}`,
    log,
    frame: new SyslogFrame({
      app: logging.syslog || DEFAULT_SOURCE,
      hostname: hostname(),
      pid: process.pid,
      truncateBytes: logging.syslog_truncate,
    }),
  };
  return target.kind === 'udp'
    ? new SyslogDatagrams({ ...shared, target })
    : new SyslogStream({ ...shared, target });
}

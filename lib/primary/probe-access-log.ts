import { once } from 'node:events';
import { connect } from 'node:net';
import type { Config } from '../config/schema.ts';
import { syslogTarget } from '../config/syslog-address.ts';
import { RouterError } from '../errors.ts';
import { AccessLog } from '../log/access-log.ts';
import type { Logger } from '../log/logger.ts';
import { connectDatagrams } from '../log/syslog-datagrams.ts';

const CONNECT_WITHIN_MS = 5_000;

/**
 * The workers write the access log; whether it can be opened at all is found out before anything listens. Rejects with
 * ACCESS_LOG_UNAVAILABLE.
 */
export async function probeAccessLog(config: Config, logger: Logger): Promise<void> {
  const { file, enable_streaming: streaming } = config.access_log;
  const log = logger.child('access-grlog');
  if (file !== '') {
    await said(log, 'error-creating-accesslog-file', async () => {
      const probe = new AccessLog({ path: file, log });
      await probe.open();
      await probe.close();
    });
  }
  if (streaming) await said(log, 'error-creating-syslog-writer', () => probeSyslog(config));
}

async function said(log: Logger, message: string, probe: () => Promise<void>): Promise<void> {
  try {
    await probe();
  } catch (error) {
    log.error(message, { error });
    log.error('error-creating-access-logger', { error });
    throw error;
  }
}

async function probeSyslog(config: Config): Promise<void> {
  const target = syslogTarget(config.logging);
  try {
    if (target.kind === 'udp') {
      (await connectDatagrams(target)).close();
      return;
    }
    const socket = connect(target);
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_WITHIN_MS) });
    } finally {
      socket.destroy();
    }
  } catch (error) {
    const { syslog_network: network, syslog_addr: address } = config.logging;
    const why = (error as Error).name === 'AbortError' ? `no answer within ${CONNECT_WITHIN_MS} ms` : error;
    const message = why instanceof Error ? why.message || String((why as NodeJS.ErrnoException).code) : why;
    throw new RouterError(
      'ACCESS_LOG_UNAVAILABLE',
      `logging.syslog_addr ${address} (${network}): cannot be connected to: ${message}`,
      { cause: error },
    );
  }
}

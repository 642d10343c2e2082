import type { Config } from '../config/schema.ts';
import { AccessLog } from '../log/access-log.ts';
import type { Logger } from '../log/logger.ts';

/**
 * The workers append to the access log; whether it can be opened at all is found out before anything listens.
 * Rejects with ACCESS_LOG_UNAVAILABLE.
 */
export async function probeAccessLog(config: Config, logger: Logger): Promise<void> {
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

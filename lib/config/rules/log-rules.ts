import type { Config } from '../schema.ts';
import type { Violation } from './rule.ts';

/** operations.md 3. */
export function* logRules({ logging, access_log: accessLog }: Config): Generator<Violation> {
  if (!accessLog.enable_streaming || /^(?:tcp|udp)/u.test(logging.syslog_network)) return;
  yield {
    key: 'logging.syslog_network',
    found: JSON.stringify(logging.syslog_network),
    allowed: 'udp, tcp',
    message: `invalid syslog network: ${logging.syslog_network}`,
  };
}

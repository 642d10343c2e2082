import type { Config } from '../schema.ts';
import { isBadAddress, syslogAddress } from '../syslog-address.ts';
import type { Violation } from './rule.ts';

/** operations.md 3. */
export function* logRules({ logging, access_log: accessLog }: Config): Generator<Violation> {
  if (!accessLog.enable_streaming) return;
  const address = syslogAddress(logging.syslog_network, logging.syslog_addr);
  if (!isBadAddress(address)) return;
  const { key, allowed, reason } = address;
  const value = key === 'logging.syslog_addr' ? logging.syslog_addr : logging.syslog_network;
  yield { key, found: JSON.stringify(value), allowed, message: reason };
}

import { createLogger } from '../../lib/log/operational-log.ts';

/**
 * A process that logs to its stdout as it is told over IPC: `burst` lines of about 1 KB, then one message back. It
 * is the parent that decides what stdout is, and whether anyone reads it.
 */
const log = createLogger({ level: 'info', timestamp: 'rfc3339', prefix: 'vcap.gorouter' });
let number = 0;

process.on('message', (order: { readonly burst?: number; readonly exit?: 'at-once' | 'flushed' }) => {
  for (let i = 0; i < (order.burst ?? 0); i += 1) {
    number += 1;
    log.info('line', { number, padding: 'x'.repeat(900) });
  }
  if (order.exit) {
    log.info('last');
    if (order.exit === 'at-once') process.exit(0);
    void log.flushed().then(() => process.exit(0));
  }
  process.send?.({ logged: number });
});
process.send?.({ logged: 0 });

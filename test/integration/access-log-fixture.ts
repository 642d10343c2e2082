import { setImmediate as turn } from 'node:timers/promises';
import { AccessLog } from '../../lib/log/access-log.ts';
import { recordingLogger } from '../support/recording-logger.ts';

/**
 * A process that appends numbered lines of changing length to an access log, as a worker does: a few in each turn of
 * the event loop. With `rotate` it says when half of them are appended, and goes on at SIGHUP while it reopens.
 */
const [path = '', id = '', count = '0', mode = ''] = process.argv.slice(2);
const half = Math.floor(Number(count) / 2);
const access = new AccessLog({ path, log: recordingLogger(), maxBufferedBytes: 64 << 20 });
const tell = (message: string | object): void => void process.send?.(message);

let reopened: Promise<void> | undefined;
process.on('SIGHUP', () => {
  reopened = access.reopen().then(() => tell('reopened'));
});

await access.open();
for (let n = 0; n < Number(count); n += 1) {
  access.append(`${id} ${n} ${'x'.repeat((n * 7919) % 600)} end`);
  if (n % 50 === 0) await turn();
  if (mode === 'rotate' && n === half) {
    tell('half');
    while (reopened === undefined) await turn();
  }
}
await reopened;
await access.close();
tell({ dropped: access.dropped });
process.disconnect?.();

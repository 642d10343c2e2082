import { listen } from './endpoint.ts';
import type { Listen, OpenLoad } from './messages.ts';
import { runLoad } from './run-load.ts';

/*
 * Clients and endpoint of the proxies under test, in one process, so that nothing has to be woken up for an answer but
 * the proxy. It takes all of its core while it loads, and is meant to run at idle priority: whatever else the machine
 * has to do then finds this core first, not the proxy's, and shows as time in which the generator was held up.
 *
 * Told by message what to do, tells what came of it, and ends when whoever started it is gone.
 */
process.on('message', async (message: Listen | OpenLoad) => {
  process.send?.(message.kind === 'listen' ? { port: await listen() } : await runLoad(message));
});
process.on('disconnect', () => process.exit(0));

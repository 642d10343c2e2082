/*
 * For `NODE_OPTIONS=--import=`: lets the processes of a router come to grief. SIGUSR2 makes one throw where nobody
 * catches; while the file that MISFORTUNE names exists, a new worker ends right after its birth.
 */
import cluster from 'node:cluster';
import { existsSync } from 'node:fs';

process.on('SIGUSR2', () => {
  throw new Error('a misfortune');
});
const file = process.env.MISFORTUNE ?? '';
if (cluster.isWorker && file !== '' && existsSync(file)) setImmediate(() => process.exit(7));

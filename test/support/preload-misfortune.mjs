/*
 * For `NODE_OPTIONS=--import=`: lets the workers of a router come to grief. SIGUSR2 makes one throw where nobody
 * catches; while the file that MISFORTUNE names exists, a new one ends right after its birth.
 */
import cluster from 'node:cluster';
import { existsSync } from 'node:fs';

if (cluster.isWorker) {
  process.on('SIGUSR2', () => {
    throw new Error('a misfortune');
  });
  const file = process.env.MISFORTUNE ?? '';
  if (file !== '' && existsSync(file)) setImmediate(() => process.exit(7));
}

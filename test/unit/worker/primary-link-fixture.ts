import { PrimaryLink } from '../../../lib/worker/primary-link.ts';

/* Talks to a primary that does not read, and says on stdout what it could send. */
const link = new PrimaryLink();
const big = 'x'.repeat(1024);
const failed = { type: 'endpoint-failed', key: 'a', address: 'b', verdict: 'mark', error: big } as const;
let sent = 0;
while (sent < 10_000 && link.send(failed)) {
  sent += 1;
  await new Promise(setImmediate);
}
const resync = link.send({ type: 'resync', reason: 'must not be spared' });
console.log(JSON.stringify({ sent, again: link.send(failed), resync }));
process.exit(0);

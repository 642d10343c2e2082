import { setTimeout as pause } from 'node:timers/promises';
import { Publisher } from '../feed/publisher.ts';
import { rssOf } from '../proc.ts';
import { atMost, type Figure, plainly, type Scenario, type Stage } from '../scenario.ts';
import { startNats } from '../servers/nats.ts';
import { Router } from '../servers/router.ts';

/** What a route costs in each process, above an empty table. */
export const memory: Scenario = {
  name: 'memory',
  about: '100,000 routes, above the same processes with none',
  needs: ['nats-server'],

  async run({ processes, dir, quick, say }: Stage): Promise<Figure[]> {
    const count = quick ? 20_000 : 100_000;
    const { port: natsPort } = await startNats(processes);
    const router = await Router.start(processes, { dir, natsPort, workers: 2 });
    const publisher = await Publisher.start(processes, natsPort, { count, backendPort: 9 });
    const empty = await settledMemory(router, quick);
    say(`registering ${count} routes`);
    await publisher.registerAll(router);
    publisher.beginHeartbeats(count / 20); // as it is in life; an idle heap is collected less
    say('settling');
    const full = await settledMemory(router, quick);
    const perRoute = (part: keyof Memory): number => (full[part] - empty[part]) / count;
    const mb = (bytes: number): number => bytes / 1_048_576;
    return [
      atMost('primary, resident', perRoute('primary'), 1_536, 'bytes per route'),
      atMost('worker, resident', perRoute('worker'), 1_024, 'bytes per route'),
      plainly('worker, JavaScript heap', perRoute('workerHeap'), 'bytes per route'),
      plainly('primary, empty', mb(empty.primary), 'MB'),
      plainly('worker, empty', mb(empty.worker), 'MB'),
      plainly('primary, all routes', mb(full.primary), 'MB'),
      plainly('worker, all routes', mb(full.worker), 'MB'),
    ];
  },
};

/** Bytes; those of a worker are the mean of all. */
interface Memory {
  readonly primary: number;
  readonly worker: number;
  readonly workerHeap: number;
}

/** The last of several looks whose primary did not shrink any more; garbage goes when the collector likes. */
async function settledMemory(router: Router, quick: boolean): Promise<Memory> {
  const looks = quick ? 3 : 15;
  let last = await memoryOf(router);
  for (let look = 0; look < looks; look++) {
    await pause(2_000);
    last = await memoryOf(router);
  }
  return last;
}

async function memoryOf(router: Router): Promise<Memory> {
  const workers = await router.workers();
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    primary: rssOf(router.pid),
    worker: mean(workers.map(({ pid }) => rssOf(pid))),
    workerHeap: mean(workers.map(({ heap_used_bytes }) => heap_used_bytes ?? 0)),
  };
}

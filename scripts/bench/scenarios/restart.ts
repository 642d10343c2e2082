import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hostOf } from '../feed/bench-route.ts';
import { Publisher } from '../feed/publisher.ts';
import { statusOf } from '../probes/status-of.ts';
import { atMost, type Figure, type Scenario, type Stage } from '../scenario.ts';
import { startBackend } from '../servers/backend.ts';
import { startNats } from '../servers/nats.ts';
import { startRedis } from '../servers/redis.ts';
import { Router } from '../servers/router.ts';
import { median } from '../statistics.ts';

const WITHIN_MS = 60_000;

/** Without the bus, from a snapshot alone: process start to the first proxied answer. */
function restart(store: 'embedded' | 'redis'): Scenario {
  return {
    name: `restart-${store}`,
    about: `100,000 routes, restarted with NATS stopped, from the ${store} store`,
    needs: store === 'redis' ? ['nats-server', 'redis-server'] : ['nats-server'],

    async run(stage: Stage): Promise<Figure[]> {
      const { processes, dir, quick, say } = stage;
      const count = quick ? 20_000 : 100_000;
      const backendPort = await startBackend(processes);
      const nats = await startNats(processes);
      const snapshot = await snapshotConfig(store, stage);
      const router = await Router.start(processes, {
        dir: join(dir, 'router'),
        natsPort: nats.port,
        workers: 2,
        snapshot,
      });
      const publisher = await Publisher.start(processes, nats.port, { count, backendPort });
      say(`registering ${count} routes`);
      await publisher.registerAll(router);
      await pause(3_000); // until the store has it all
      await nats.server.stop();

      const startsMs: number[] = [];
      for (let n = 0; n < (quick ? 1 : 3); n++) {
        await router.server.stop();
        say('starting again');
        startsMs.push(await firstAnswerMs(router, hostOf(count - 1 - n)));
        await router.holds(count, WITHIN_MS); // all of it came back
      }
      const times = startsMs.map((ms) => Math.round(ms)).join(', ');
      return [
        atMost('process start to first proxied answer', median(startsMs), 2_000, 'ms'),
        { name: 'each start', value: `${times} ms` },
      ];
    },
  };
}

export const restartEmbedded = restart('embedded');
export const restartRedis = restart('redis');

async function snapshotConfig(
  store: 'embedded' | 'redis',
  { processes, dir }: Stage,
): Promise<Readonly<Record<string, unknown>>> {
  mkdirSync(dir, { recursive: true });
  if (store === 'embedded') return { store, path: join(dir, 'snapshot.db') };
  return { store, redis: { url: `redis://127.0.0.1:${await startRedis(processes)}` } };
}

async function firstAnswerMs(router: Router, host: string): Promise<number> {
  const beganMs = performance.now();
  const server = router.spawn();
  const answered = async (): Promise<boolean> => (await statusOf(router.port, host)) === 200;
  await server.until(answered, `answering 200 for ${host}`, WITHIN_MS);
  return performance.now() - beganMs;
}

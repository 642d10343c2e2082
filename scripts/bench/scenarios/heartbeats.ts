import { setTimeout as pause } from 'node:timers/promises';
import { Publisher } from '../feed/publisher.ts';
import { type CpuTimes, cpuTimes } from '../proc.ts';
import { atMost, type Figure, plainly, type Scenario, type Stage } from '../scenario.ts';
import { startNats } from '../servers/nats.ts';
import { Router } from '../servers/router.ts';

/** Re-registrations that change nothing: what they cost the primary, and that no worker hears of them. */
export const heartbeats: Scenario = {
  name: 'heartbeats',
  about: '100,000 routes, 5,000 heartbeats per second',
  needs: ['nats-server'],

  async run({ processes, dir, quick, say }: Stage): Promise<Figure[]> {
    const count = quick ? 20_000 : 100_000;
    const perSecond = quick ? 1_000 : 5_000;
    const seconds = quick ? 5 : 20;
    const { port: natsPort } = await startNats(processes);
    const router = await Router.start(processes, { dir, natsPort, workers: 2 });
    const publisher = await Publisher.start(processes, natsPort, { count, backendPort: 9 });
    say(`registering ${count} routes`);
    await publisher.registerAll(router);
    publisher.beginHeartbeats(perSecond);
    await pause(2_000); // what the registration left to be done is no heartbeat's cost

    say(`${perSecond} heartbeats per second for ${seconds} s`);
    const workers = await router.workers();
    const before = cpuTimes(router.pid);
    const beganMs = performance.now();
    await pause(seconds * 1_000);
    const after = cpuTimes(router.pid);
    const elapsedMs = performance.now() - beganMs;
    const changes = ((await router.workers())[0]?.sequence ?? 0) - (workers[0]?.sequence ?? 0);
    const sent = await publisher.endHeartbeats();

    const share = (pids: readonly number[]): number => (100 * usedBy(pids, before, after)) / elapsedMs;
    const workerShare = share(workers.map(({ pid }) => pid)) / workers.length;
    return [
      atMost('CPU of the primary', share([router.pid]), 12, '% of a core', 1),
      atMost('changes sent to workers', changes, 0, 'changes'),
      plainly('CPU of a worker meanwhile', workerShare, '% of a core', 1),
      plainly('heartbeats sent', sent / ((elapsedMs + 2_000) / 1_000), 'per second'),
    ];
  },
};

function usedBy(pids: readonly number[], before: CpuTimes, after: CpuTimes): number {
  return pids.reduce((sum, pid) => sum + (after.get(pid) ?? 0) - (before.get(pid) ?? 0), 0);
}

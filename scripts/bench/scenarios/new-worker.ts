import { setTimeout as pause } from 'node:timers/promises';
import { Publisher } from '../feed/publisher.ts';
import { StallProbe } from '../probes/stall-probe.ts';
import { atMost, type Figure, plainly, type Scenario, type Stage } from '../scenario.ts';
import { startNats } from '../servers/nats.ts';
import { Router, type WorkerStatus } from '../servers/router.ts';

const LOOK_EVERY_MS = 10;
const WITHIN_MS = 60_000;

/** A worker is killed: how long its successor needs for the whole table, and how the primary bears it. */
export const newWorker: Scenario = {
  name: 'new-worker',
  about: '100,000 routes, one of two workers killed',
  needs: ['nats-server'],

  async run({ processes, dir, quick, say }: Stage): Promise<Figure[]> {
    const count = quick ? 20_000 : 100_000;
    const { port: natsPort } = await startNats(processes);
    const router = await Router.start(processes, { dir, natsPort, workers: 2 });
    const publisher = await Publisher.start(processes, natsPort, { count, backendPort: 9 });
    say(`registering ${count} routes`);
    await publisher.registerAll(router);
    await pause(3_000); // until the store has it all

    const stalls = new StallProbe(router.statusPort);
    await stalls.start();
    await pause(1_000);
    const longestBeforeMs = stalls.longestMs;

    say('killing a worker');
    const old = await router.workers();
    process.kill(old[0]!.pid, 'SIGKILL');
    const seen = await watchSuccessor(router, new Set(old.map(({ pid }) => pid)));
    await pause(500);
    await stalls.stop();

    return [
      atMost('forked until it listens with the whole table', seen.listeningMs - seen.forkedMs, 2_000, 'ms'),
      atMost('longest wait for the primary meanwhile', stalls.longestMs, 50, 'ms', 1),
      plainly('the same in the second before', longestBeforeMs, 'ms', 1),
      plainly('death until the successor is forked', seen.forkedMs, 'ms'),
      plainly('first of its code until it takes the table', seen.takingMs - seen.forkedMs, 'ms'),
      plainly('taking the table', seen.listeningMs - seen.takingMs, 'ms'),
    ];
  },
};

/** Times since the call, ms, with the error of one look. */
interface Seen {
  forkedMs: number;
  /** Its code is loaded and the table comes. */
  takingMs: number;
  listeningMs: number;
}

async function watchSuccessor(router: Router, old: ReadonlySet<number>): Promise<Seen> {
  const beganMs = performance.now();
  const seen: Seen = { forkedMs: 0, takingMs: 0, listeningMs: 0 };
  while (seen.listeningMs === 0) {
    const successor = (await router.workers()).find(({ pid }: WorkerStatus) => !old.has(pid));
    const elapsedMs = performance.now() - beganMs;
    if (elapsedMs > WITHIN_MS)
      throw new Error(`no new worker listens ${WITHIN_MS} ms after the death of one`);
    if (successor !== undefined) {
      seen.forkedMs ||= elapsedMs;
      if (successor.state !== 'starting') seen.takingMs ||= elapsedMs;
      if (successor.state === 'listening') seen.listeningMs = elapsedMs;
    }
    await pause(LOOK_EVERY_MS);
  }
  return seen;
}

import { setTimeout as pause } from 'node:timers/promises';
import { hostOf, registerMessage } from '../feed/bench-route.ts';
import { BusConnection } from '../feed/bus-connection.ts';
import { Publisher } from '../feed/publisher.ts';
import type { HttpProbe } from '../probes/http-probe.ts';
import { probeEachWorker } from '../probes/probe-each-worker.ts';
import { atMost, type Figure, plainly, type Scenario, type Stage } from '../scenario.ts';
import { startBackend } from '../servers/backend.ts';
import { startNats } from '../servers/nats.ts';
import { Router } from '../servers/router.ts';
import { quantile } from '../statistics.ts';

const WITHIN_MS = 5_000;
/** Samples that do not count: a process that has just started compiles its code as it goes. */
const WARM_UP = 50;

/** From the publication of a new route until every worker answers for it. */
export const propagation: Scenario = {
  name: 'propagation',
  about: 'a new route published, until each of two workers answers 200 for it',
  needs: ['nats-server'],

  async run({ processes, dir, quick, say }: Stage): Promise<Figure[]> {
    const samples = quick ? 100 : 300;
    const count = 1_000;
    const backendPort = await startBackend(processes);
    const { port: natsPort } = await startNats(processes);
    const router = await Router.start(processes, { dir, natsPort, workers: 2 });
    const publisher = await Publisher.start(processes, natsPort, { count, backendPort });
    await publisher.registerAll(router);
    const pids = (await router.workers()).map(({ pid }) => pid);
    const probes = await probeEachWorker(router.port, pids);
    const bus = await BusConnection.connect(natsPort);

    say(`${samples} new routes`);
    const timesMs: number[] = [];
    for (let n = count; n < count + WARM_UP + samples; n++) {
      const message = registerMessage(n, { count, backendPort });
      const publishedMs = performance.now();
      bus.publish('router.register', message);
      await Promise.all(probes.map((probe) => answers(probe, hostOf(n), publishedMs)));
      const elapsedMs = performance.now() - publishedMs;
      if (n >= count + WARM_UP) timesMs.push(elapsedMs);
      await pause(5 + Math.random() * 10); // out of step with whatever the router does at intervals
    }
    bus.close();
    for (const probe of probes) probe.close();
    return [
      atMost('median', quantile(timesMs, 0.5), 3, 'ms', 2),
      atMost('p99', quantile(timesMs, 0.99), 10, 'ms', 2),
      plainly('longest', Math.max(...timesMs), 'ms', 2),
    ];
  },
};

/** Asks without a pause: each wait of a timer would be added to what is measured. */
async function answers(probe: HttpProbe, host: string, sinceMs: number): Promise<void> {
  while ((await probe.get(host)) !== 200) {
    if (performance.now() - sinceMs > WITHIN_MS)
      throw new Error(`no answer for ${host} within ${WITHIN_MS} ms`);
  }
}

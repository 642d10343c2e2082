import { join } from 'node:path';
import { hostOf } from '../feed/bench-route.ts';
import { latencyFigures } from '../latency/latency-figures.ts';
import type { OpenLoadResult } from '../latency/messages.ts';
import { OpenLoop } from '../latency/open-loop.ts';
import { descendantsOf } from '../proc.ts';
import { installLine, isInstalled } from '../programs.ts';
import type { Contender } from '../request-cost/contender.ts';
import { Field } from '../request-cost/field.ts';
import { SMALL_GET } from '../request-cost/load.ts';
import { LoadGenerator } from '../request-cost/load-generator.ts';
import type { Figure, Scenario, Stage } from '../scenario.ts';
import { median } from '../statistics.ts';

const CONNECTIONS = 64;

interface Entry {
  readonly name: string;
  readonly port: number;
  /** The processes of the proxy. */
  readonly pids: readonly number[];
  readonly perSecond: number;
  readonly results: OpenLoadResult[];
}

/** What clients wait when the router has half as much to do as it can; nginx beside it at the same rate. */
export const latency: Scenario = {
  name: 'request-cost-latency',
  about: 'waits of small GETs at half of the highest rate',
  needs: ['nats-server', 'wrk', 'taskset', 'chrt'],

  async run(stage: Stage): Promise<Figure[]> {
    const { quick, say, processes } = stage;
    say('finding the highest rates');
    const { turnoutRate, nginxRate } = await highestRates(stage);
    await processes.stopAll();

    // All afresh, with another endpoint.
    const field = new Field({ ...stage, dir: join(stage.dir, 'waits') });
    const generator = await OpenLoop.start(processes, field.loadCore);
    const endpoint = { backendPort: generator.port };
    const perSecond = turnoutRate / 2;
    const turnout = entryOf('turnout', await field.turnout(endpoint), perSecond);
    const floor: Entry = { name: 'no proxy', port: generator.port, pids: [], perSecond, results: [] };
    const nginxProxy = nginxRate === undefined ? undefined : await field.nginx(endpoint);
    const nginx = nginxProxy && entryOf('nginx', nginxProxy, perSecond);
    const others =
      nginxProxy && nginxRate ? [entryOf('nginx, half of its own highest', nginxProxy, nginxRate / 2)] : [];
    const entries = [turnout, ...(nginx === undefined ? [] : [nginx]), ...others, floor];

    const rounds = quick ? 2 : 12;
    // The first round does not count, and is long enough for the compiler to be done with what each request runs.
    const [warmUpSeconds, roundSeconds] = quick ? [1, 0.5] : [10, 2];
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      const seconds = round === 0 ? warmUpSeconds : roundSeconds;
      for (const { port, pids, perSecond: rate, results } of entries) {
        const target = { port, host: hostOf(0), connections: CONNECTIONS, watched: pids };
        const result = await generator.run({ ...target, perSecond: rate, leadInSeconds: 0.3, seconds });
        if (round > 0) results.push(result);
      }
    }
    const figures = latencyFigures({ floor, turnout, others, ...(nginx === undefined ? {} : { nginx }) });
    return nginx === undefined
      ? [...figures, { name: 'nginx', value: `left out: ${installLine(['nginx'])}` }]
      : figures;
  },
};

function entryOf(name: string, { port, pid }: Contender, perSecond: number): Entry {
  return { name, port, pids: [pid, ...descendantsOf(pid)], perSecond, results: [] };
}

async function highestRates(stage: Stage): Promise<{ turnoutRate: number; nginxRate: number | undefined }> {
  const field = new Field(stage);
  const turnoutRate = await highestRate(field, await field.turnout());
  const nginxRate = isInstalled('nginx') ? await highestRate(field, await field.nginx()) : undefined;
  return { turnoutRate, nginxRate };
}

async function highestRate(field: Field, contender: Contender): Promise<number> {
  const generator = new LoadGenerator(field);
  const seconds = field.stage.quick ? 1 : 3;
  await generator.run(contender, SMALL_GET, seconds); // warms up
  const rates: number[] = [];
  for (let n = 0; n < 3; n++) rates.push((await generator.run(contender, SMALL_GET, seconds)).perSecond);
  return median(rates);
}

import { mkdirSync } from 'node:fs';
import { allowedCores } from '../proc.ts';
import type { CostCase } from '../request-cost/cost-case.ts';
import { prepareCases } from '../request-cost/field.ts';
import { LoadGenerator, type Sample } from '../request-cost/load.ts';
import type { Figure, Scenario, Stage } from '../scenario.ts';
import { median } from '../statistics.ts';

/** CPU time per request, beside nginx in the same run: proxies on one core, load and backend on another. */
export const requestCost: Scenario = {
  name: 'request-cost',
  about: 'CPU time per request, 64 connections, all proxies on one core',
  needs: ['nats-server', 'nginx', 'wrk', 'taskset'],

  async run(stage: Stage): Promise<Figure[]> {
    const { processes, dir, quick, say } = stage;
    const [proxies, load] = allowedCores();
    if (proxies === undefined || load === undefined)
      throw new Error('two cores are needed, to keep load and proxies apart');
    mkdirSync(dir, { recursive: true });
    const generator = new LoadGenerator(processes, dir, load);
    const cases = await prepareCases(stage, { proxies, load });

    const rounds = quick ? 2 : 5;
    const samples = new Map<string, Sample[]>();
    // The first round warms up and does not count.
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      const seconds = quick ? 1 : round === 0 ? 2 : 4;
      for (const { name, load, contenders } of cases) {
        for (const contender of contenders) {
          const sample = await generator.run(contender, load, seconds);
          if (round > 0)
            samples.set(id(name, contender.name), [...(samples.get(id(name, contender.name)) ?? []), sample]);
        }
      }
    }
    return cases.flatMap((one) => figuresOf(one, samples));
  },
};

function id(caseName: string, contender: string): string {
  return `${caseName}: ${contender}`;
}

function figuresOf(one: CostCase, samples: ReadonlyMap<string, readonly Sample[]>): Figure[] {
  const costOf = (contender: string): number =>
    median((samples.get(id(one.name, contender)) ?? []).map(({ costUs }) => costUs));
  const nginxUs = costOf('nginx');
  return one.contenders.map(({ name }, index): Figure => {
    const own = samples.get(id(one.name, name)) ?? [];
    const times = costOf(name) / nginxUs;
    const facts = [`${costOf(name).toFixed(1)} us`];
    if (Number.isFinite(times) && name !== 'nginx') facts.push(`${times.toFixed(2)}x nginx`);
    facts.push(
      `${Math.round(median(own.map(({ perSecond }) => perSecond))).toLocaleString('en-US')} per second`,
    );
    if (index === 0)
      facts.push(
        `${(100 * median(own.map((sample) => sample.firstProcessShare))).toFixed(1)}% of it the primary`,
      );
    const errors = own.reduce((sum, sample) => sum + sample.errors, 0);
    if (errors > 0) facts.push(`${errors} errors`);
    const figure = { name: id(one.name, name), value: facts.join(', ') };
    if (index > 0 || one.timesNginx === undefined) return figure;
    return { ...figure, target: `<= ${one.timesNginx}x nginx`, met: times <= one.timesNginx };
  });
}

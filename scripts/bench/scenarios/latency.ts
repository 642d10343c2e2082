import { hostOf } from '../feed/bench-route.ts';
import type { OpenLoad, OpenLoadResult } from '../latency/messages.ts';
import { runOpenLoad } from '../latency/open-loop.ts';
import { installLine, isInstalled } from '../programs.ts';
import type { Contender } from '../request-cost/contender.ts';
import { Field } from '../request-cost/field.ts';
import { SMALL_GET } from '../request-cost/load.ts';
import { LoadGenerator } from '../request-cost/load-generator.ts';
import type { Figure, Scenario, Stage } from '../scenario.ts';
import { median } from '../statistics.ts';

const MOST_TIMES_NGINX = 2;
const CONNECTIONS = 64;
/** Fewer answers than this share of what was asked: the rate was more than the proxy could bear. */
const ENOUGH = 0.99;

interface Course {
  readonly name: string;
  readonly contender: Contender;
  readonly perSecond: number;
  readonly results: OpenLoadResult[];
}

/** What clients wait when the router has half as much to do as it can; nginx beside it at the same rate. */
export const latency: Scenario = {
  name: 'request-cost-latency',
  about: 'waits of small GETs at half of the highest rate',
  needs: ['nats-server', 'wrk', 'taskset', 'chrt'],

  async run(stage: Stage): Promise<Figure[]> {
    const { quick, say } = stage;
    const field = new Field(stage);
    const turnout = await field.turnout();
    const nginx = isInstalled('nginx') ? await field.nginx() : undefined;
    say('finding the highest rates');
    const ownRate = (await highestRate(field, turnout)) / 2;
    const courses: Course[] = [{ name: 'turnout', contender: turnout, perSecond: ownRate, results: [] }];
    if (nginx !== undefined) {
      courses.push({ name: 'nginx', contender: nginx, perSecond: ownRate, results: [] });
      const perSecond = (await highestRate(field, nginx)) / 2;
      courses.push({ name: 'nginx, half of its own highest', contender: nginx, perSecond, results: [] });
    }

    const rounds = quick ? 2 : 5;
    const times = quick ? { leadInSeconds: 0.5, seconds: 1 } : { leadInSeconds: 1, seconds: 5 };
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds}`);
      for (const { contender, perSecond, results } of courses) {
        const target = { port: contender.port, host: hostOf(0), connections: CONNECTIONS };
        const load: OpenLoad = { ...target, perSecond, ...times };
        results.push(await runOpenLoad(stage.processes, field.loadCore, load));
      }
    }
    const figures = [
      judged('p50', ({ p50Ms }) => p50Ms, courses, times.seconds),
      judged('p99', ({ p99Ms }) => p99Ms, courses, times.seconds),
      ...courses.map((course) => described(course, times.seconds)),
    ];
    return nginx === undefined
      ? [...figures, { name: 'nginx', value: `left out: ${installLine(['nginx'])}` }]
      : figures;
  },
};

async function highestRate(field: Field, contender: Contender): Promise<number> {
  const generator = new LoadGenerator(field);
  const seconds = field.stage.quick ? 1 : 3;
  await generator.run(contender, SMALL_GET, seconds); // warms up
  const rates: number[] = [];
  for (let n = 0; n < 3; n++) rates.push((await generator.run(contender, SMALL_GET, seconds)).perSecond);
  return median(rates);
}

function judged(
  name: string,
  timeOf: (result: OpenLoadResult) => number,
  courses: readonly Course[],
  seconds: number,
): Figure {
  const [own, other] = courses.map(({ results }) => median(results.map(timeOf)));
  const figure = { name: `${name}: turnout / nginx`, target: `<= ${MOST_TIMES_NGINX}x` };
  if (own === undefined || other === undefined) return { ...figure, value: 'nginx was left out' };
  const value = `${(own / other).toFixed(2)}x (${own.toFixed(3)} / ${other.toFixed(3)} ms)`;
  if (!sentInTime(courses))
    return { ...figure, value: `${value}, but the generator was late: not quiet here` };
  const isSound = courses[0] !== undefined && errorsOf(courses[0]) === 0 && keptUp(courses[0], seconds);
  return { ...figure, value, met: isSound && own / other <= MOST_TIMES_NGINX };
}

function described(course: Course, seconds: number): Figure {
  const middle = (timeOf: (result: OpenLoadResult) => number): string =>
    median(course.results.map(timeOf)).toFixed(3);
  const facts = [
    `p50 ${middle(({ p50Ms }) => p50Ms)}, p99 ${middle(({ p99Ms }) => p99Ms)}`,
    `p99.9 ${middle(({ p999Ms }) => p999Ms)} ms at ${Math.round(course.perSecond).toLocaleString('en-US')} per second`,
    `sent late by ${middle(({ ownDelayP99Ms }) => ownDelayP99Ms)} ms at p99`,
  ];
  if (!keptUp(course, seconds)) facts.push('not all were answered in time');
  if (errorsOf(course) > 0) facts.push(`${errorsOf(course)} errors`);
  return { name: course.name, value: facts.join(', ') };
}

/** Where the generator itself was late by as much as nginx takes for half of all, waits are those of the machine. */
function sentInTime([own, other]: readonly Course[]): boolean {
  const nginxMs = median(other?.results.map(({ p50Ms }) => p50Ms) ?? []);
  return [own, other].every(
    (course) => median(course?.results.map(({ ownDelayP99Ms }) => ownDelayP99Ms) ?? []) < nginxMs,
  );
}

function keptUp({ results, perSecond }: Course, seconds: number): boolean {
  return results.every(({ answered }) => answered >= ENOUGH * perSecond * seconds);
}

function errorsOf({ results }: Course): number {
  return results.reduce((sum, { errors }) => sum + errors, 0);
}

import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CostRow } from '../request-cost/cost-row.ts';
import { Field } from '../request-cost/field.ts';
import { LoadGenerator } from '../request-cost/load-generator.ts';
import type { Figure, Stage } from '../scenario.ts';
import { type CpuProfile, type SelfTime, selfTimes } from './self-times.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/u, '');
const SAMPLE_EVERY_US = 200;
const FUNCTIONS = 25;
const FILES = 12;

/** One row's load on its router alone, whose worker keeps a CPU profile; prints where the worker's time went. */
export async function profileRow(row: CostRow, stage: Stage): Promise<Figure[]> {
  const { dir, quick, say } = stage;
  const profiles = join(dir, 'profiles');
  mkdirSync(profiles, { recursive: true });
  const field = new Field(stage);
  const turnout = await field.turnout({
    ...row.profiled,
    environment: {
      NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles} --cpu-prof-interval=${SAMPLE_EVERY_US}`,
    },
  });
  const workerPid = (await turnout.router.workers())[0]?.pid ?? 0;
  const generator = new LoadGenerator(field);
  say('loading');
  await generator.run(turnout, row.load, quick ? 1 : 3); // warms up
  const beganMs = performance.now();
  const sample = await generator.run(turnout, row.load, quick ? 2 : 15);
  say('ending the router, which writes its profile then');
  await turnout.router.server.stop();
  const sinceMs = performance.now() - beganMs; // starting and warming up are left out
  const name = readdirSync(profiles).find((file) => file.split('.')[3] === String(workerPid));
  if (name === undefined) throw new Error(`the worker left no profile: ${readdirSync(profiles).join(', ')}`);
  const profile = JSON.parse(readFileSync(join(profiles, name), 'utf8')) as CpuProfile;
  const { functions, files } = selfTimes(profile, ROOT, sinceMs * 1_000);
  return [
    {
      name: 'CPU time of a request, profiling included',
      value: `${sample.costUs.toFixed(1)} us, ${Math.round(sample.perSecond).toLocaleString('en-US')} per second`,
    },
    ...files.slice(0, FILES).map((one) => figure('all of', one, sample.costUs)),
    ...functions.slice(0, FUNCTIONS).map((one) => figure('', one, sample.costUs)),
  ];
}

function figure(prefix: string, { what, share }: SelfTime, costUs: number): Figure {
  const value = `${(100 * share).toFixed(1)}%, ${(share * costUs).toFixed(2)} us`;
  return { name: `${prefix} ${what}`.trim(), value };
}

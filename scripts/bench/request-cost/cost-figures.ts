import type { Figure } from '../scenario.ts';
import { median } from '../statistics.ts';
import type { Target } from './cost-row.ts';
import type { Sample } from './load-generator.ts';

export interface EntrantSamples {
  readonly name: string;
  readonly samples: Sample[];
}

/** Above this the core had time to spare, and a request cost its wake-up as well. */
const MUCH_IDLE = 0.1;
/** Above this the machine was not quiet, and caches were somebody else's half of the time. */
const MUCH_OF_OTHERS = 0.05;

/** What was promised first, with its verdict; then what each entrant cost. The first entrant is the one judged. */
export function rowFigures(targets: readonly Target[], entrants: readonly EntrantSamples[]): Figure[] {
  return [...targets.map((target) => judged(target, entrants)), ...entrants.map(costFigure)];
}

function judged(target: Target, entrants: readonly EntrantSamples[]): Figure {
  const [own] = entrants;
  if (own === undefined) throw new Error('nobody took part');
  const hasErrors = errorsOf(own.samples) > 0;
  if (target.kind === 'primary') {
    const share = median(own.samples.map(({ firstProcessShare }) => firstProcessShare));
    return {
      name: "primary's share of the CPU time",
      value: `${(100 * share).toFixed(2)}%`,
      target: `< ${100 * target.share}%`,
      met: share < target.share && !hasErrors,
    };
  }
  const figure = {
    name: `${own.name} / ${target.against}`,
    target: `<= ${target.times}x`,
  };
  const other = entrants.find(({ name }) => name === target.against);
  if (other === undefined) return { ...figure, value: `${target.against} was left out` };
  const [ownUs, otherUs] = [costOf(own), costOf(other)];
  const times = ownUs / otherUs;
  return {
    ...figure,
    value: `${times.toFixed(2)}x (${ownUs.toFixed(1)} / ${otherUs.toFixed(1)} us)`,
    met: times <= target.times && !hasErrors,
  };
}

function costFigure({ name, samples }: EntrantSamples): Figure {
  const costs = samples.map(({ costUs }) => costUs);
  const rate = Math.round(median(samples.map(({ perSecond }) => perSecond)));
  const idle = median(samples.map((sample) => sample.idle));
  const others = median(samples.map((sample) => sample.others));
  const facts = [
    `${median(costs).toFixed(1)} us of CPU (${Math.min(...costs).toFixed(1)} to ${Math.max(...costs).toFixed(1)})`,
    `${rate.toLocaleString('en-US')} per second`,
  ];
  if (idle > MUCH_IDLE) facts.push(`core ${Math.round(100 * idle)}% idle`);
  if (others > MUCH_OF_OTHERS) facts.push(`${Math.round(100 * others)}% of it taken by other processes`);
  const errors = errorsOf(samples);
  if (errors > 0) facts.push(`${errors} errors`);
  return { name, value: facts.join(', ') };
}

function costOf({ samples }: EntrantSamples): number {
  return median(samples.map(({ costUs }) => costUs));
}

function errorsOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { errors }) => sum + errors, 0);
}

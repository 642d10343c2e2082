import { quantile } from '../statistics.ts';
import type { OpenLoadResult } from './messages.ts';
import { quietWaits } from './quiet-windows.ts';

/** The same load again and again, in turns with others. */
export interface Course {
  readonly name: string;
  readonly perSecond: number;
  readonly results: readonly OpenLoadResult[];
}

/** What a course came to; times in ms. */
export interface CourseWaits {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** With what the machine did in it. */
  readonly p99OfAllMs: number;
  readonly windows: number;
  readonly thrownAway: number;
  readonly unanswered: number;
  readonly errors: number;
}

/** The waits of all rounds together: a pause that comes in one round of many counts for as much as it is. */
export function courseWaits({ results }: Course): CourseWaits {
  const quiet = results.map(({ windows }) => quietWaits(windows));
  const waits = quiet.flatMap(({ waitsUs }) => waitsUs);
  const all = results.flatMap(({ windows }) => windows.flatMap(({ waitsUs }) => waitsUs));
  const ms = (values: readonly number[], share: number): number => quantile(values, share) / 1_000;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    p50Ms: ms(waits, 0.5),
    p99Ms: ms(waits, 0.99),
    p999Ms: ms(waits, 0.999),
    p99OfAllMs: ms(all, 0.99),
    windows: sum(quiet.map(({ windows }) => windows)),
    thrownAway: sum(quiet.map(({ thrownAway }) => thrownAway)),
    unanswered: sum(results.map(({ unanswered }) => unanswered)),
    errors: sum(results.map(({ errors }) => errors)),
  };
}

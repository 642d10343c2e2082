import type { Figure } from '../scenario.ts';
import { type Course, type CourseWaits, courseWaits } from './course.ts';

const MOST_TIMES_NGINX = 2;
/** With fewer windows left than this share, what is left is no fair part of the whole. */
const ENOUGH_WINDOWS = 0.5;
/** Beyond this share of nginx's waits it is the generator that would be compared. */
const MOST_FLOOR = 0.5;

export interface Courses {
  /** The generator asking itself, without a proxy in between. */
  readonly floor: Course;
  readonly turnout: Course;
  /** At turnout's rate. */
  readonly nginx?: Course;
  /** For information. */
  readonly others: readonly Course[];
}

/** What was promised first, with its verdict; then each course. */
export function latencyFigures({ floor, turnout, nginx, others }: Courses): Figure[] {
  const own = courseWaits(turnout);
  const yardstick = nginx === undefined ? undefined : courseWaits(nginx);
  const least = courseWaits(floor);
  const quantiles = [
    ['p50', ({ p50Ms }: CourseWaits) => p50Ms],
    ['p99', ({ p99Ms }: CourseWaits) => p99Ms],
  ] as const;
  const courses = [turnout, ...(nginx === undefined ? [] : [nginx]), ...others, floor];
  return [
    ...quantiles.map(([name, timeOf]): Figure => {
      const figure = { name: `${name}: turnout / nginx`, target: `<= ${MOST_TIMES_NGINX}x` };
      if (yardstick === undefined) return { ...figure, value: 'nginx was left out' };
      const [ms, nginxMs] = [timeOf(own), timeOf(yardstick)];
      const value = `${(ms / nginxMs).toFixed(2)}x (${ms.toFixed(3)} / ${nginxMs.toFixed(3)} ms)`;
      const noise = noiseIn(own, yardstick, timeOf(least) / nginxMs);
      if (noise !== undefined) return { ...figure, value: `${value}, but ${noise}` };
      const isSound = own.errors === 0 && own.unanswered === 0;
      return { ...figure, value, met: isSound && ms / nginxMs <= MOST_TIMES_NGINX };
    }),
    ...courses.map(described),
  ];
}

/** Why there can be no verdict. */
function noiseIn(own: CourseWaits, yardstick: CourseWaits, floorShare: number): string | undefined {
  const fewest = Math.min(...[own, yardstick].map(({ windows, thrownAway }) => 1 - thrownAway / windows));
  if (!(fewest >= ENOUGH_WINDOWS)) return 'the machine was not quiet: too little is left';
  if (!(floorShare <= MOST_FLOOR)) return 'too much of that is the generator itself';
  return undefined;
}

function described(course: Course): Figure {
  const waits = courseWaits(course);
  const facts = [
    `p50 ${waits.p50Ms.toFixed(3)}, p99 ${waits.p99Ms.toFixed(3)}, p99.9 ${waits.p999Ms.toFixed(3)} ms ` +
      `at ${Math.round(course.perSecond).toLocaleString('en-US')} per second`,
    `${waits.thrownAway} of ${waits.windows} windows thrown away (p99 with them ${waits.p99OfAllMs.toFixed(3)})`,
  ];
  if (waits.unanswered > 0) facts.push(`${waits.unanswered} not answered in time`);
  if (waits.errors > 0) facts.push(`${waits.errors} errors`);
  return { name: course.name, value: facts.join(', ') };
}

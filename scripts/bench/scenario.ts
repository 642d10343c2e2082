import type { Processes } from './processes.ts';

/** One number that a scenario found, as the table shows it. */
export interface Figure {
  readonly name: string;
  /** With its unit. */
  readonly value: string;
  /** What was set out to be reached, with its unit; undefined = the figure is only for information. */
  readonly target?: string;
  readonly met?: boolean;
}

/** What a scenario has to work with. Processes and files that it makes here are gone when it is over. */
export interface Stage {
  readonly processes: Processes;
  /** A folder of its own. */
  readonly dir: string;
  /** Smaller sizes and shorter times: to see that all works, not for figures. */
  readonly quick: boolean;
  /** Where a row is a faster stand-in for what was promised: the promised, however long it takes. */
  readonly whole: boolean;
  /** Progress, for whoever watches. */
  readonly say: (line: string) => void;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Programs without which there is nothing to measure. */
  readonly needs: readonly Program[];
  /** How long it may take; 10 minutes when absent. */
  readonly withinMs?: number;
  /** Rejects when it could not be run; a figure that was missed is a result like any other. */
  run(stage: Stage): Promise<Figure[]>;
}

export type Program =
  | 'nats-server'
  | 'redis-server'
  | 'nginx'
  | 'haproxy'
  | 'wrk'
  | 'h2load'
  | 'openssl'
  | 'taskset'
  | 'chrt';

/** A figure that must not exceed `limit`. `digits` are those behind the point. */
export function atMost(name: string, value: number, limit: number, unit: string, digits = 0): Figure {
  return {
    name,
    value: withUnit(number(value, digits), unit),
    target: `<= ${withUnit(number(limit), unit)}`,
    met: value <= limit,
  };
}

/** A figure that nothing was promised about. */
export function plainly(name: string, value: number, unit: string, digits = 0): Figure {
  return { name, value: withUnit(number(value, digits), unit) };
}

/** With thousands set apart. */
function number(value: number, digits?: number): string {
  const options =
    digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString('en-US', options);
}

function withUnit(text: string, unit: string): string {
  return unit.startsWith('%') ? `${text}${unit}` : `${text} ${unit}`;
}

import { installLine, missingOf } from '../programs.ts';
import type { Figure, Stage } from '../scenario.ts';
import type { Contender } from './contender.ts';
import { type EntrantSamples, rowFigures } from './cost-figures.ts';
import type { CostRow, Entrant } from './cost-row.ts';
import { Field } from './field.ts';
import { LoadGenerator } from './load-generator.ts';

interface Started extends EntrantSamples {
  readonly entrant: Entrant;
  readonly contender: Contender;
}

/** Starts who takes part, loads them in turns, and judges. What is missing costs its own entrant alone. */
export async function runCostRow(row: CostRow, stage: Stage): Promise<Figure[]> {
  const { quick, say } = stage;
  const field = new Field(stage);
  let started: Started[] = [];
  const leftOut: Figure[] = [];
  for (const entrant of row.entrants) {
    const missing = missingOf(entrant.needs === undefined ? [] : [entrant.needs]);
    if (missing.length > 0) {
      say(`${entrant.name} is left out: ${installLine(missing)}`);
      leftOut.push({ name: entrant.name, value: `left out: ${installLine(missing)}` });
      continue;
    }
    const contender = await entrant.start(field);
    started.push({ name: entrant.name, entrant, contender, samples: [] });
  }

  const generator = new LoadGenerator(field);
  const rounds = quick ? 2 : 5;
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
    const seconds = quick ? 1 : round === 0 ? 3 : 4;
    for (const one of started) {
      const { name, entrant, contender, samples } = one;
      try {
        const sample = await generator.run(contender, entrant.load ?? row.load, seconds);
        if (round > 0) samples.push(sample);
      } catch (error) {
        // Without the router there is no row; without one of the others the rest still is.
        if (entrant === row.entrants[0]) throw error;
        const problem = error instanceof Error ? error.message : String(error);
        say(`${name} is left out: ${problem}`);
        leftOut.push({ name, value: `left out: ${problem.split('\n')[0]}` });
        started = started.filter((other) => other !== one);
      }
    }
  }
  return [...rowFigures(row.targets, started), ...leftOut];
}

import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutated } from '../../test/support/http1/message-maker.ts';
import { seededRandom } from '../../test/support/random.ts';

type Random = () => number;

export interface FuzzTarget {
  readonly name: string;
  /** A sound message to begin with, latin1. */
  readonly make: (random: Random) => string;
  /** Throws when something does not hold that must; says whether the message was accepted. */
  readonly check: (random: Random, bytes: Buffer) => Promise<boolean>;
}

/** What was mutated lately and accepted, to be mutated further. */
const KEPT = 500;
const MAX_BYTES = 20_000;
const REPORT_MS = 30_000;

/**
 * Runs a target for `--seconds` (60) from `--seed` (the time): half new messages, half descendants of those before.
 * Exit status 1 when a check failed; its input and what is needed to run it again are in a file then.
 * `--input FILE` checks the bytes of a file once.
 */
export async function fuzz(target: FuzzTarget): Promise<void> {
  const { seconds, seed, input } = options();
  if (input !== undefined) {
    await target.check(seededRandom(seed), readFileSync(input));
    console.log(`${target.name}: ${input} passes`);
    return;
  }
  const until = performance.now() + seconds * 1_000;
  const random = seededRandom(seed);
  const kept: string[] = [];
  let cases = 0;
  let accepted = 0;
  let reportAt = performance.now() + REPORT_MS;
  while (performance.now() < until) {
    const parent =
      kept.length > 0 && random() < 0.5 ? kept[Math.floor(random() * kept.length)]! : target.make(random);
    const text = (random() < 0.1 ? parent : mutated(random, parent)).slice(0, MAX_BYTES);
    const caseSeed = Math.floor(random() * 2 ** 32);
    const bytes = Buffer.from(text, 'latin1');
    try {
      if (await target.check(seededRandom(caseSeed), bytes)) {
        accepted += 1;
        kept[kept.length < KEPT ? kept.length : Math.floor(random() * KEPT)] = text;
      }
    } catch (error) {
      const file = join(tmpdir(), `fuzz-${target.name}-${seed}-${cases}.bin`);
      writeFileSync(file, bytes);
      console.error(`${target.name}: ${(error as Error).stack}\n${JSON.stringify(text)}`);
      console.error(`saved as ${file}; again: --input ${file} --seed ${caseSeed}`);
      process.exit(1);
    }
    cases += 1;
    if (performance.now() > reportAt) {
      console.log(`${target.name}: ${cases} cases`);
      reportAt += REPORT_MS;
    }
  }
  console.log(`${target.name}: ${cases} cases, ${accepted} of them sound, none failed; seed ${seed}`);
}

function options(): { seconds: number; seed: number; input: string | undefined } {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, seed: { type: 'string' }, input: { type: 'string' } },
  });
  const number = (name: 'seconds' | 'seed', otherwise: number): number => {
    const value = values[name];
    if (value === undefined) return otherwise;
    if (!/^\d+$/.test(value)) {
      console.error(`--${name} '${value}': a whole number is expected, such as --${name} 60`);
      process.exit(2);
    }
    return Number(value);
  };
  return {
    seconds: number('seconds', 60),
    seed: number('seed', Date.now() % 1_000_000),
    input: values.input,
  };
}

import { ResidentWatch } from '../endurance/resident.ts';
import { Field } from '../request-cost/field.ts';
import { SMALL_GET } from '../request-cost/load.ts';
import { LoadGenerator } from '../request-cost/load-generator.ts';
import { atMost, type Figure, type Scenario, type Stage } from '../scenario.ts';
import { median } from '../statistics.ts';

const PARTS = 5;
const MB = 1_048_576;

/** Whether requests leave anything behind: memory while millions of them pass. */
export const millionRequests: Scenario = {
  name: 'request-cost-5-million',
  about: 'resident memory over 5 million small GETs',
  withinMs: 20 * 60_000,
  needs: ['nats-server', 'wrk', 'taskset'],

  async run(stage: Stage): Promise<Figure[]> {
    const { quick, say } = stage;
    const part = quick ? 20_000 : 1_000_000;
    const field = new Field(stage);
    const turnout = await field.turnout();
    const generator = new LoadGenerator(field);
    const samples: number[][] = Array.from({ length: PARTS }, () => []);
    let answered = 0;
    while (answered < PARTS * part) {
      const watch = new ResidentWatch(turnout.pid);
      // In pieces: the access log is emptied between them.
      const beganMs = performance.now();
      const { requests, perSecond, errors } = await generator.run(turnout, SMALL_GET, quick ? 1 : 5);
      watch.stop();
      if (errors > 0) throw new Error(`${errors} of ${requests} requests failed`);
      for (const { atMs, bytes } of watch.samples) {
        const passed = answered + ((atMs - beganMs) / 1_000) * perSecond;
        samples[Math.floor(passed / part)]?.push(bytes);
      }
      answered += requests;
      say(`${answered.toLocaleString('en-US')} requests`);
    }
    // Medians, because what waits to be collected comes and goes.
    const [first = 0, ...later] = samples.map((some) => median(some) / MB);
    const [second = 0] = later;
    return [
      atMost('growth from the second million to the highest later', Math.max(...later) - second, 8, 'MB', 1),
      {
        name: 'all processes, median of each million',
        value: `${[first, ...later].map((mb) => mb.toFixed(1)).join(', ')} MB`,
      },
    ];
  },
};

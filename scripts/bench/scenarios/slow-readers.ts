import { setTimeout as pause } from 'node:timers/promises';
import { ResidentWatch, residentOf } from '../endurance/resident.ts';
import {
  downloadSlowly,
  portOf,
  type StreamSizes,
  startStreamBackend,
  upload,
} from '../endurance/slow-streams.ts';
import { hostOf } from '../feed/bench-route.ts';
import { Field } from '../request-cost/field.ts';
import { SMALL_GET } from '../request-cost/load.ts';
import { LoadGenerator } from '../request-cost/load-generator.ts';
import { atMost, type Figure, plainly, type Scenario, type Stage } from '../scenario.ts';

const MB = 1_048_576;
const GB = 1_024 * MB;

/** 1 GB each way, through readers that take 1 MB per second each; with `whole` through one of them. */
export const slowReaders: Scenario = {
  name: 'request-cost-slow-readers',
  about: 'resident memory while 1 GB passes each way to readers of 1 MB per second',
  needs: ['nats-server', 'wrk', 'taskset'],
  withinMs: 40 * 60_000,

  async run(stage: Stage): Promise<Figure[]> {
    const { quick, whole, say } = stage;
    const readers = whole ? 1 : 8;
    const sizes: StreamSizes = { bytes: (quick ? 32 * MB : GB) / readers, bytesPerSecond: MB };
    const backend = await startStreamBackend(sizes);
    try {
      const field = new Field(stage);
      const turnout = await field.turnout({
        backendPort: portOf(backend),
        config: { endpoint_timeout: '1h' },
      });
      say('warming up');
      const generator = new LoadGenerator(field);
      await generator.run(turnout, SMALL_GET, quick ? 1 : 5);
      await pause(quick ? 500 : 3_000);
      const before = residentOf(turnout.pid);
      say(`${readers} each way, ${sizes.bytes / MB} MB each at 1 MB per second`);
      const beganMs = performance.now();
      const watch = new ResidentWatch(turnout.pid);
      const streams = Array.from({ length: readers }, () => [
        downloadSlowly(turnout.port, hostOf(0), sizes),
        upload(turnout.port, hostOf(0), sizes),
      ]);
      await Promise.all(streams.flat());
      watch.stop();
      const atTenth = Math.ceil(watch.samples.length / 10);
      const highest = (from: number, to?: number): number =>
        Math.max(...watch.samples.slice(from, to).map(({ bytes }) => bytes)) / MB;
      return [
        atMost('highest, above that of the first tenth', highest(atTenth) - highest(0, atTenth), 8, 'MB', 1),
        atMost('highest, above before', highest(0) - before / MB, 8, 'MB', 1),
        plainly('all processes before', before / MB, 'MB', 1),
        plainly('it took', (performance.now() - beganMs) / 1_000, 's'),
      ];
    } finally {
      backend.close();
    }
  },
};

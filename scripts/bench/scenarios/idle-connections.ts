import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { IdleClients } from '../endurance/idle-clients.ts';
import { INSPECTABLE, inspectorsIn, liveMemoryOf } from '../endurance/inspected.ts';
import { residentOf } from '../endurance/resident.ts';
import { hostOf } from '../feed/bench-route.ts';
import { connectionsTo } from '../probes/connections-to.ts';
import { Field, type Turnout } from '../request-cost/field.ts';
import { atMost, type Figure, type Scenario, type Stage } from '../scenario.ts';

/** For what is no client's connection: endpoints, files, listeners. */
const OTHER_DESCRIPTORS = 500;
const FIRST_CLIENTS = 100;
/** Nothing: no object is as small as that. */
const MOST_LEFT_BYTES = 10;

/** What clients cost that keep their connection and are silent, and what of that is left when they go. */
export const idleConnections: Scenario = {
  name: 'request-cost-idle-connections',
  about: '10,000 keep-alive connections that had one answer each',
  needs: ['nats-server', 'taskset'],

  async run(stage: Stage): Promise<Figure[]> {
    const { processes, quick, say } = stage;
    const count = quick ? 2_000 : 10_000;
    const cycles = quick ? 2 : 4;
    if (mostDescriptors() < count + OTHER_DESCRIPTORS)
      throw new Error(`needs ${count + OTHER_DESCRIPTORS} descriptors for a process (ulimit -Hn)`);
    const field = new Field(stage);
    const turnout = await field.turnout({ environment: INSPECTABLE });
    const clients = new IdleClients(processes, field.loadCore);
    await clients.open(turnout.port, hostOf(0), FIRST_CLIENTS); // so that all code has run once
    await clients.close();
    await untilClosed(turnout);
    await settle(quick);

    const inspectors = inspectorsIn(turnout.router.server.output);
    const liveBefore = await liveMemoryOf(inspectors);
    const eachBytes: number[] = [];
    const leftBytes: number[] = [];
    for (let cycle = 1; cycle <= cycles; cycle++) {
      say(`opening ${count} connections, time ${cycle} of ${cycles}`);
      const beforeThese = residentOf(turnout.pid);
      await clients.open(turnout.port, hostOf(0), count);
      await settle(quick);
      eachBytes.push((residentOf(turnout.pid) - beforeThese) / count);
      await clients.close();
      await untilClosed(turnout);
      await settle(quick);
      leftBytes.push((await liveMemoryOf(inspectors)) - liveBefore);
    }
    // The first time also leaves what is there for good: compiled code, and connections kept to the endpoint.
    const leftByEach = ((leftBytes.at(-1) ?? 0) - (leftBytes[0] ?? 0)) / ((cycles - 1) * count);
    const ofEach = (bytes: readonly number[]): string => bytes.map((one) => Math.round(one)).join(', ');
    return [
      atMost('memory of each', eachBytes[0] ?? 0, 10_240, 'bytes'),
      atMost('connections left', connectionsTo(turnout.port), 0, 'connections'),
      atMost('live memory left by each after the first time', leftByEach, MOST_LEFT_BYTES, 'bytes', 1),
      { name: 'memory of each, each time', value: `${ofEach(eachBytes)} bytes` },
      { name: 'live memory left, each time', value: `${ofEach(leftBytes)} bytes` },
    ];
  },
};

/** Garbage goes and freed memory is given back when the process has time for it. */
function settle(quick: boolean): Promise<void> {
  return pause(quick ? 500 : 3_000);
}

/** The router sees a client go at its own pace. */
async function untilClosed({ router }: Turnout): Promise<void> {
  try {
    await router.server.until(() => connectionsTo(router.port) === 0, 'closing', 20_000);
  } catch {
    // The figure says how many are left.
  }
}

/** What a process may raise its own limit to, which Node does when it starts. */
function mostDescriptors(): number {
  const limit = /^Max open files\s+\S+\s+(\S+)/mu.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

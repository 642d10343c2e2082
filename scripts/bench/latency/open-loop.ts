import { fileURLToPath } from 'node:url';
import type { Processes } from '../processes.ts';
import type { OpenLoad, OpenLoadResult } from './messages.ts';

const PROGRAM = fileURLToPath(new URL('./open-loop-process.ts', import.meta.url));

/** Runs it from that core, beside a backend that goes first. */
export async function runOpenLoad(
  processes: Processes,
  core: number,
  load: OpenLoad,
): Promise<OpenLoadResult> {
  const server = processes.start({
    name: 'generator',
    command: process.execPath,
    // Room for a whole load's garbage: collecting it in between would delay requests.
    args: ['--max-semi-space-size=64', PROGRAM],
    ipc: true,
    core,
    idlePriority: true,
  });
  let result: OpenLoadResult | undefined;
  server.child.once('message', (message) => {
    result = message as OpenLoadResult;
  });
  server.child.send(load);
  const withinMs = 1_000 * (load.leadInSeconds + load.seconds) + 30_000;
  return server.until(() => result, 'having measured', withinMs);
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortPicker } from './port-picker.ts';

/** What one run leaves for the next, beside the router's own snapshot. */
export interface Memory {
  /** Of the demo and its router; empty once they have ended. */
  readonly pids: readonly number[];
  /** Of the router's HTTP listener. */
  readonly httpPort: number;
  /** Port per backend name. A restored route leads to the port that its backend had. */
  readonly backendPorts: Readonly<Record<string, number>>;
}

const NOTHING: Memory = { pids: [], httpPort: 0, backendPorts: {} };

export function readMemory(runDir: string): Memory {
  try {
    return { ...NOTHING, ...(JSON.parse(readFileSync(file(runDir), 'utf8')) as Partial<Memory>) };
  } catch {
    return NOTHING; // a first run, or a damaged file: it costs the warm restart
  }
}

export function writeMemory(runDir: string, memory: Memory): void {
  writeFileSync(file(runDir), `${JSON.stringify(memory, null, 2)}\n`);
}

/**
 * The processes of a run that has not ended. Two would share one snapshot file. A pid alone proves nothing: after a
 * reboot it is somebody else's; so the port has to be taken too.
 */
export async function stillRunning({ pids, httpPort }: Memory): Promise<readonly number[]> {
  const alive = pids.filter(isAlive);
  if (alive.length === 0) return [];
  const picker = new PortPicker();
  const isFree = (await picker.take(httpPort)) === httpPort;
  await picker.release();
  return isFree ? [] : alive;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function file(runDir: string): string {
  return join(runDir, 'demo.json');
}

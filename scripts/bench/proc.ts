import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of processes, by pid, ms. */
export type CpuTimes = ReadonlyMap<number, number>;

const msPerTick = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Children, their children, and so on; nothing when the process is gone. */
export function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/u.test(name)) parents.set(Number(name), statOf(Number(name))?.parent ?? 0);
  }
  const found = [pid];
  for (const ancestor of found) {
    for (const [child, parent] of parents) if (parent === ancestor) found.push(child);
  }
  return found.slice(1);
}

/** User and system time of the process and of all its descendants, with all their threads. */
export function cpuTimes(pid: number): CpuTimes {
  const times = new Map<number, number>();
  for (const one of [pid, ...descendantsOf(pid)]) {
    const stat = statOf(one);
    if (stat !== undefined) times.set(one, stat.cpuMs);
  }
  return times;
}

/** What was used from `before` to `after`, ms. A process that ended in between is left out. */
export function cpuUsedMs(before: CpuTimes, after: CpuTimes): number {
  let used = 0;
  for (const [pid, ms] of after) used += ms - (before.get(pid) ?? 0);
  return used;
}

/** How long that core was idle since the machine started, ms. */
export function idleMsOf(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'mu').exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '';
  const [, , , idle = 0, ioWait = 0] = line.split(' ').map(Number); // proc(5)
  return (idle + ioWait) * msPerTick;
}

/** Resident memory, bytes. */
export function rssOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** The cores that this process may use. */
export function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/mu.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

function statOf(pid: number): { parent: number; cpuMs: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined; // it ended meanwhile
  }
  // The name, in parentheses, may hold anything; state is the first field behind it (proc(5)).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * msPerTick };
}

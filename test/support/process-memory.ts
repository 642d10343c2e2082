import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} shows no resident memory`);
  return Number(kilobytes) * 1024;
}

/** How many descriptors a process holds open. */
export async function descriptorCount(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

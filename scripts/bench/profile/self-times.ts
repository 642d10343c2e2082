/** What of a V8 CPU profile (`--cpu-prof`) is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds, one for each sample. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  /** `name path:line` of a function, or a path. */
  readonly what: string;
  /** Of the time in which the process was not idle, 0 to 1. */
  readonly share: number;
}

/** V8's name for having nothing to do. */
const IDLE = '(idle)';

/**
 * Time spent in each function itself and not in what it called, the greatest first, over the last `lastUs` of the
 * profile. Paths are given from `root`.
 */
export function selfTimes(
  profile: CpuProfile,
  root: string,
  lastUs: number,
): { readonly functions: SelfTime[]; readonly files: SelfTime[] } {
  const nodes = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byFunction = new Map<string, number>();
  const byFile = new Map<string, number>();
  let busyUs = 0;
  let leftUs = profile.timeDeltas.reduce((sum, us) => sum + us, 0);
  for (const [index, id] of profile.samples.entries()) {
    const frame = nodes.get(id);
    const us = profile.timeDeltas[index] ?? 0;
    leftUs -= us;
    if (leftUs > lastUs) continue;
    if (frame === undefined || frame.functionName === IDLE || us <= 0) continue;
    busyUs += us;
    const file = frame.url.replace('file://', '').replace(`${root}/`, '');
    const name = frame.functionName || '(anonymous)';
    const line = frame.lineNumber + 1;
    const what = file === '' ? name : `${name} ${file}:${line}`;
    byFunction.set(what, (byFunction.get(what) ?? 0) + us);
    byFile.set(file || name, (byFile.get(file || name) ?? 0) + us);
  }
  return { functions: shares(byFunction, busyUs), files: shares(byFile, busyUs) };
}

function shares(times: ReadonlyMap<string, number>, allUs: number): SelfTime[] {
  return [...times].map(([what, us]) => ({ what, share: us / allUs })).sort((a, b) => b.share - a.share);
}

import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';
import type { DiagnosisKind } from './ipc/messages.ts';

/** Bytes allocated between two samples: what Chromium takes, too. */
const SAMPLE_BYTES = 32 * 1024;

let busy = false;

/**
 * Looks at this process for some seconds and writes a file that Chromium's developer tools read: `.cpuprofile`,
 * `.heapprofile` or `.heapsnapshot`. One at a time; rejects while another is under way. A snapshot holds up the whole
 * process, for about a second per 100 MB, and takes as much memory again.
 */
export async function diagnose(kind: DiagnosisKind, seconds: number, file: string): Promise<void> {
  if (busy) throw new Error('profiling already in use');
  busy = true;
  try {
    if (kind === 'snapshot') writeHeapSnapshot(file);
    else await writeFile(file, JSON.stringify(await profile(kind, seconds)), { mode: 0o600 });
  } finally {
    busy = false;
  }
}

async function profile(kind: 'cpu' | 'allocations', seconds: number): Promise<unknown> {
  const session = new Session();
  session.connect();
  try {
    if (kind === 'allocations') {
      await session.post('HeapProfiler.startSampling', { samplingInterval: SAMPLE_BYTES });
      await pause(seconds * 1000);
      return (await session.post('HeapProfiler.stopSampling')).profile;
    }
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await pause(seconds * 1000);
    return (await session.post('Profiler.stop')).profile;
  } finally {
    session.disconnect();
  }
}

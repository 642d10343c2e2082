import { once } from 'node:events';
import { hostOf } from '../feed/bench-route.ts';
import { within } from '../within.ts';
import type { Http2Load, LoadResult } from './load.ts';
import type { GeneratorPlace } from './wrk.ts';

const WITHIN_MS = 120_000;

/**
 * Asks so many times over HTTP/2, all streams of all connections busy all the time. By number, because with a duration
 * h2load 1.52 never ends when one of its connections is not yet made as the time is over.
 */
export async function runH2load(
  { processes, core }: GeneratorPlace,
  port: number,
  { path, connections, streams }: Http2Load,
  requests: number,
): Promise<LoadResult> {
  const h2load = processes.start({
    name: 'h2load',
    command: 'h2load',
    args: [
      `-c${connections}`,
      `-m${streams}`,
      '-t1',
      `-n${requests}`,
      '--npn-list=h2',
      `--connect-to=127.0.0.1:${port}`,
      `https://${hostOf(0)}${path}`,
    ],
    core,
  });
  await within(WITHIN_MS, once(h2load.child, 'close'), 'the load');
  return h2loadResult(h2load.output);
}

/** Reads what h2load prints at its end. Throws when nothing was answered. */
export function h2loadResult(output: string): LoadResult {
  const counts = /requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/u.exec(
    output,
  );
  const [done = 0, succeeded = 0] = (counts?.slice(1) ?? []).map(Number);
  const okay = Number(/status codes: (\d+) 2xx/u.exec(output)?.[1] ?? 0);
  if (okay === 0) throw new Error(`nothing was answered:\n${output}`);
  const perSecond = Number(/finished in [^,]+, ([\d.]+) req\/s/u.exec(output)?.[1] ?? 0);
  return { requests: done, perSecond, errors: done - Math.min(okay, succeeded) };
}

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostOf } from '../feed/bench-route.ts';
import type { Processes } from '../processes.ts';
import { within } from '../within.ts';
import type { Http1Load, LoadResult } from './load.ts';

const CONNECTIONS = 64;
const CHUNK_BYTES = 1_024;

export interface GeneratorPlace {
  readonly processes: Processes;
  /** For its scripts. */
  readonly dir: string;
  readonly core: number;
}

/** Asks without a pause over 64 connections for that many seconds. */
export async function runWrk(
  place: GeneratorPlace,
  port: number,
  load: Http1Load,
  seconds: number,
): Promise<LoadResult> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--timeout', '10s', '-H', `Host: ${hostOf(0)}`];
  if (load.connectionPerRequest) args.push('-H', 'Connection: close');
  const script = scriptFor(load);
  if (script !== undefined) {
    const file = join(place.dir, 'wrk.lua');
    writeFileSync(file, script);
    args.push('-s', file);
  }
  const wrk = place.processes.start({
    name: 'wrk',
    command: 'wrk',
    args: [...args, `${load.tls ? 'https' : 'http'}://127.0.0.1:${port}${load.path}`],
    core: place.core,
  });
  await within(seconds * 1_000 + 20_000, once(wrk.child, 'close'), 'the load');
  return wrkResult(wrk.output);
}

/** Requests that wrk does not make by itself are made beforehand: it shares its core with the backend. */
function scriptFor({ hosts, path, chunkedBodyBytes }: Http1Load): string | undefined {
  if (chunkedBodyBytes !== undefined) {
    const chunks = Math.ceil(chunkedBodyBytes / CHUNK_BYTES);
    return `local chunk = "${CHUNK_BYTES.toString(16)}\\r\\n" .. string.rep("x", ${CHUNK_BYTES}) .. "\\r\\n"
local text = "POST ${path} HTTP/1.1\\r\\nHost: ${hostOf(0)}\\r\\nContent-Type: text/plain\\r\\n" ..
  "Transfer-Encoding: chunked\\r\\n\\r\\n" .. string.rep(chunk, ${chunks}) .. "0\\r\\n\\r\\n"
function request()
  return text
end
`;
  }
  if (hosts === 1) return undefined;
  return `local requests = {}
function init()
  for n = 0, ${hosts - 1} do
    requests[n] = "GET ${path} HTTP/1.1\\r\\nHost: ${hostOf('" .. n .. "')}\\r\\n\\r\\n"
  end
end
function request()
  return requests[math.random(0, ${hosts - 1})]
end
`;
}

/** Reads what wrk prints at its end. Throws when nothing was answered. */
export function wrkResult(output: string): LoadResult {
  const requests = Number(/(\d+) requests in/u.exec(output)?.[1] ?? 0);
  if (requests === 0) throw new Error(`nothing was answered:\n${output}`);
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/u.exec(output)?.[1] ?? 0);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/u.exec(output);
  const failed = (sockets?.slice(1) ?? []).reduce((sum, count) => sum + Number(count), 0);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/u.exec(output)?.[1] ?? 0);
  return { requests, perSecond, errors: bad + failed };
}

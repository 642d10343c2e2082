import { once } from 'node:events';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hostOf } from '../feed/bench-route.ts';
import { cpuTimes, cpuUsedMs } from '../proc.ts';
import type { Processes } from '../processes.ts';
import { within } from '../within.ts';
import type { Contender } from './contender.ts';

export interface Load {
  readonly path: string;
  /** Requests go to that many hosts, at random. */
  readonly hosts: number;
  readonly connectionPerRequest?: boolean;
}

/** What one load cost one contender. */
export interface Sample {
  /** CPU time of all its processes for each request, microseconds. */
  readonly costUs: number;
  /** The share of its first process in that, 0 to 1. */
  readonly firstProcessShare: number;
  readonly perSecond: number;
  /** Answers that were not 200, and connections that failed. */
  readonly errors: number;
}

const CONNECTIONS = 64;

/** Loads proxies with wrk, from one core, and reads what that cost them. */
export class LoadGenerator {
  readonly #processes: Processes;
  readonly #dir: string;
  readonly #core: number;

  constructor(processes: Processes, dir: string, core: number) {
    this.#processes = processes;
    this.#dir = dir;
    this.#core = core;
  }

  async run(contender: Contender, load: Load, seconds: number): Promise<Sample> {
    const before = cpuTimes(contender.pid);
    const output = await this.#wrk(contender.port, load, seconds);
    await pause(200); // a buffered log line is part of its request's cost
    const after = cpuTimes(contender.pid);
    if (contender.accessLog !== undefined) truncateSync(contender.accessLog);
    if ([...before.keys()].some((pid) => !after.has(pid))) {
      throw new Error(`a process of ${contender.name} ended under load`);
    }
    const requests = Number(/(\d+) requests in/u.exec(output)?.[1] ?? 0);
    if (requests === 0) throw new Error(`${contender.name} answered nothing:\n${output}`);
    const usedMs = cpuUsedMs(before, after);
    const firstMs = (after.get(contender.pid) ?? 0) - (before.get(contender.pid) ?? 0);
    return {
      costUs: (usedMs * 1_000) / requests,
      firstProcessShare: firstMs / usedMs,
      perSecond: Number(/Requests\/sec:\s+([\d.]+)/u.exec(output)?.[1] ?? 0),
      errors: errorsIn(output),
    };
  }

  async #wrk(port: number, { path, hosts, connectionPerRequest }: Load, seconds: number): Promise<string> {
    const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-H', `Host: ${hostOf(0)}`];
    if (connectionPerRequest) args.push('-H', 'Connection: close');
    if (hosts > 1) args.push('-s', this.#hostScript(hosts));
    const wrk = this.#processes.start({
      name: 'wrk',
      command: 'wrk',
      args: [...args, `http://127.0.0.1:${port}${path}`],
      core: this.#core,
    });
    await within(seconds * 1_000 + 20_000, once(wrk.child, 'close'), 'the load');
    return wrk.output;
  }

  /** Requests are made beforehand: the generator shares its core with the backend. */
  #hostScript(hosts: number): string {
    const file = join(this.#dir, `hosts-${hosts}.lua`);
    writeFileSync(
      file,
      `local requests = {}
function init()
  for n = 0, ${hosts - 1} do
    requests[n] = "GET / HTTP/1.1\\r\\nHost: ${hostOf('" .. n .. "')}\\r\\n\\r\\n"
  end
end
function request()
  return requests[math.random(0, ${hosts - 1})]
end
`,
    );
    return file;
  }
}

function errorsIn(output: string): number {
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/u.exec(output)?.[1] ?? 0);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/u.exec(output);
  return (sockets?.slice(1) ?? []).reduce((sum, count) => sum + Number(count), bad);
}

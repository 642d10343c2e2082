import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, dirname } from 'node:path';
import { getHeapSpaceStatistics } from 'node:v8';
import type { DiagnosisKind, WorkerStats } from '../ipc/messages.ts';
import { errorText } from '../log/error-text.ts';
import type { Logger } from '../log/logger.ts';
import { answerNotFound } from './answers.ts';
import { parseHostPort } from './host-port.ts';
import { type ListenAddress, StatusListener } from './status-listener.ts';

/** What the debug server asks the primary. */
export interface DebugSources {
  workers(): readonly {
    readonly slot: number;
    readonly pid: number;
    readonly stats: WorkerStats | undefined;
  }[];
  /** Resolves with a file, alone in a folder that is removed after it was sent. */
  diagnose(process: 'primary' | number, kind: DiagnosisKind, seconds: number): Promise<string>;
  /** Of all processes. Throws on an unknown name. */
  setLogLevel(level: string): void;
}

/** Where each kind is, with the seconds that it takes unless told otherwise. */
const PROFILES: Readonly<Record<string, { readonly kind: DiagnosisKind; readonly seconds: number }>> = {
  '/debug/pprof/profile': { kind: 'cpu', seconds: 30 },
  '/debug/pprof/heap': { kind: 'allocations', seconds: 10 },
  '/debug/pprof/heapsnapshot': { kind: 'snapshot', seconds: 0 },
};

const MOST_SECONDS = 300;
const LIMIT_MS = 10_000;
/** A snapshot may be a gigabyte, and who reads it slow. */
const ANSWER_LIMIT_MS = 900_000;
const MOST_OF_BODY = 64;

const INDEX = `/debug/pprof/profile?seconds=30&process=primary   CPU profile (.cpuprofile)
/debug/pprof/heap?seconds=10&process=primary      who allocated what is alive, of these seconds (.heapprofile)
/debug/pprof/heap?debug=1                         memory of all processes, as text
/debug/pprof/heapsnapshot?process=primary         all that is alive (.heapsnapshot); holds the process up meanwhile
/debug/pprof/cmdline                              command line
/log-level                                        PUT or POST debug, info, warn, error or fatal

process: primary, or the number of a worker:
`;

/** Profiles and the log level, for whoever reaches its address (contract: operations.md 3, `debug_addr`). */
export class DebugServer {
  readonly #sources: DebugSources;
  readonly #log: Logger;
  readonly #listener: StatusListener;

  /** `address`: `host:port`; an empty host = all addresses. Throws on a text that is none. */
  constructor(address: string, sources: DebugSources, log: Logger) {
    this.#sources = sources;
    this.#log = log;
    this.#listener = new StatusListener({
      ...parseHostPort(address),
      limitMs: LIMIT_MS,
      answerLimitMs: ANSWER_LIMIT_MS,
      log,
      handle: (path, request, response) => this.#serve(path, request, response),
    });
  }

  /** Rejects with LISTEN_FAILED. */
  start(): Promise<ListenAddress> {
    return this.#listener.start();
  }

  /** May be called twice, or before start. */
  stop(): Promise<void> {
    return this.#listener.stop();
  }

  #serve(path: string, request: IncomingMessage, response: ServerResponse): void | Promise<void> {
    // A page in a browser on this host must not be able to ask for anything.
    if (request.headers.origin !== undefined || request.headers['sec-fetch-site'] === 'cross-site') {
      return answerText(response, 403, 'not for web pages\n');
    }
    const query = new URLSearchParams(/\?(.*)$/s.exec(request.url ?? '')?.[1] ?? '');
    if (path === '/debug/pprof' || path === '/debug/pprof/') return answerText(response, 200, this.#index());
    if (path === '/debug/pprof/cmdline') return answerText(response, 200, process.argv.join('\0'));
    if (path === '/debug/pprof/heap' && query.get('debug') === '1') {
      return answerText(response, 200, this.#memory());
    }
    if (path === '/log-level') return this.#setLogLevel(request, response);
    const profile = PROFILES[path];
    if (profile === undefined) return answerNotFound(response);
    return this.#profile(profile.kind, profile.seconds, query, response);
  }

  #index(): string {
    const workers = this.#sources.workers().map(({ slot, pid }) => `${slot}  pid ${pid}\n`);
    return INDEX + workers.join('');
  }

  #memory(): string {
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    const lines = [
      `primary pid ${process.pid} rss ${rss} heap_used ${heapUsed} external ${external} array_buffers ${arrayBuffers}`,
      ...getHeapSpaceStatistics().map(
        ({ space_name, space_used_size, space_size }) =>
          `primary space ${space_name} used ${space_used_size} size ${space_size}`,
      ),
      ...this.#sources
        .workers()
        .map(
          ({ slot, pid, stats }) =>
            `worker ${slot} pid ${pid} rss ${stats?.rss ?? '-'} heap_used ${stats?.heapUsed ?? '-'}`,
        ),
    ];
    return `${lines.join('\n')}\n`;
  }

  async #setLogLevel(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'PUT' && request.method !== 'POST') {
      return answerText(response, 405, 'PUT or POST the level\n', { Allow: 'PUT, POST' });
    }
    let level = '';
    for await (const bytes of request) {
      level += String(bytes);
      if (level.length > MOST_OF_BODY) break;
    }
    level = level.trim();
    try {
      // An empty one would be info, as in the configuration; here it is a mistake.
      if (level === '') throw new Error('no level is given');
      this.#sources.setLogLevel(level);
    } catch (error) {
      return answerText(response, 400, `Invalid log level provided: ${errorText(error)}\n`);
    }
    this.#log.info('log-level-set', { level });
    return answerText(response, 200, `/log-level was invoked with Level: ${level}\n`);
  }

  async #profile(
    kind: DiagnosisKind,
    usualSeconds: number,
    query: URLSearchParams,
    response: ServerResponse,
  ): Promise<void> {
    const who = query.get('process') ?? 'primary';
    const wanted = query.get('seconds') ?? String(usualSeconds);
    if (who !== 'primary' && !/^\d{1,4}$/.test(who)) {
      return answerText(response, 400, 'process: primary or the number of a worker is expected\n');
    }
    if (!/^\d{1,3}$/.test(wanted) || Number(wanted) > MOST_SECONDS) {
      return answerText(response, 400, `seconds: 0 to ${MOST_SECONDS} is expected\n`);
    }
    let file: string;
    try {
      file = await this.#sources.diagnose(who === 'primary' ? who : Number(who), kind, Number(wanted));
    } catch (error) {
      return answerText(response, 500, `Could not enable profiling: ${errorText(error)}\n`);
    }
    try {
      await send(file, response);
    } finally {
      await rm(dirname(file), { recursive: true, force: true });
    }
  }
}

async function send(file: string, response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Disposition': `attachment; filename="${basename(file)}"`,
  });
  const reading = createReadStream(file);
  reading.pipe(response);
  await Promise.race([once(response, 'close'), once(reading, 'error')]);
  reading.destroy();
}

function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

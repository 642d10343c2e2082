import { mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from './demo/ask.ts';
import { BackendProcess } from './demo/backend-process.ts';
import { CAST, ROUTES } from './demo/cast.ts';
import { choosePorts } from './demo/choose-ports.ts';
import { instructions } from './demo/instructions.ts';
import { readMemory, stillRunning, writeMemory } from './demo/memory.ts';
import { type DemoOptions, readOptions } from './demo/options.ts';
import { aborted, poll } from './demo/poll.ts';
import { type RouterPorts, routerConfig } from './demo/router-config.ts';
import { RouterProcess } from './demo/router-process.ts';

// `make run`: a router as an operator would start it, and backends that register with it. The backends listen
// before the router starts and register after it is healthy, so that a second run can show restored routes at work.

const say = (text: string): void => console.log(text);

/** Ended in reverse order: the router first, or it would see its backends die. */
const started: { stop(): Promise<void>; kill(): void }[] = [];

async function run({ runDir, workers, freePorts }: DemoOptions, ending: AbortSignal): Promise<void> {
  mkdirSync(runDir, { recursive: true });
  const last = readMemory(runDir);
  const running = await stillRunning(last);
  if (running.length > 0) {
    throw new Error(`${runDir} is in use by an earlier run: end process ${running.join(', ')} first`);
  }
  const ports = await choosePorts(last, freePorts, say);
  if (ports.moved) {
    say('Starting without the snapshot of the last run: a backend had to move.');
    for (const part of ['', '-wal', '-shm']) rmSync(join(runDir, `snapshot.db${part}`), { force: true });
  }

  const configFile = join(runDir, 'config.yml');
  writeFileSync(configFile, routerConfig(runDir, ports.router, workers));
  const output = openSync(join(runDir, 'backends.log'), 'w');
  const backends = CAST.map((role) => {
    const backend = new BackendProcess(role, ports.backends[role.name] ?? 0, output, ({ name }) =>
      say(`Backend ${name} ended.`),
    );
    started.push(backend);
    return backend;
  });
  await Promise.all(backends.map((backend) => backend.listening()));
  ending.throwIfAborted();

  say(`Starting a router with ${workers} workers.`);
  const router = new RouterProcess(configFile, join(runDir, 'router.log'), ports.router);
  started.push(router);
  const memory = { httpPort: ports.router.http, backendPorts: ports.backends };
  writeMemory(runDir, { ...memory, pids: [process.pid, router.pid] });
  try {
    await poll(() => router.healthy(), 'the router becoming healthy', 30_000, ending);
    await showRestored(router, ports.router);

    const natsUrl = `nats://127.0.0.1:${ports.router.nats}`;
    const registered = Promise.all(backends.map((backend) => backend.register(natsUrl)));
    await Promise.race([registered, aborted(ending)]);
    await poll(() => allConfirmed(router), 'every backend being routed', 10_000, ending);
    const { all } = await router.table();
    say(`The backends have registered: ${all.routes.length} routes, ${all.endpoints} endpoints.`);
    say(instructions(ports.router, backends, runDir));

    await Promise.race([router.gone, aborted(ending)]);
    router.mustBeAlive();
  } finally {
    await endAll();
    writeMemory(runDir, { ...memory, pids: [] });
  }
}

/** The backends listen by now, and none has registered: what answers here, answers from the snapshot. */
async function showRestored(router: RouterProcess, ports: RouterPorts): Promise<void> {
  const { restored } = await router.table();
  if (restored.routes.length === 0) {
    say('Restored 0 routes: there was no snapshot. A second run will have one.');
    return;
  }
  say(`Restored ${restored.routes.length} routes (${restored.endpoints} endpoints).`);
  say('No backend has registered yet, and they answer:');
  for (const route of restored.routes) {
    const [host = '', ...path] = route.split('/');
    const { status, body } = await ask({ port: ports.http, host, path: `/${path.join('/')}` });
    say(`  ${route.padEnd(20)} ${status}  ${body.trim()}`);
  }
}

async function allConfirmed(router: RouterProcess): Promise<boolean> {
  router.mustBeAlive();
  const { all, restored } = await router.table();
  const expected = CAST.reduce((sum, { uris }) => sum + uris.length, 0);
  return (
    restored.endpoints === 0 &&
    all.endpoints >= expected &&
    ROUTES.every((route) => all.routes.includes(route))
  );
}

/** Safe to call twice. */
async function endAll(): Promise<void> {
  for (const part of started.toReversed()) await part.stop();
}

function killAll(): void {
  for (const part of started) part.kill();
}

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (ending.signal.aborted) return killAll();
    say('\nEnding the router and its backends.');
    ending.abort();
  });
}
process.stdout.on('error', () => ending.abort()); // nobody is left to see it: a pipe was closed
process.on('exit', killAll); // whatever a failure of our own left behind

try {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') say(options);
  else await run(options, ending.signal);
} catch (error) {
  if (!ending.signal.aborted) {
    console.error(`make run: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
await endAll();

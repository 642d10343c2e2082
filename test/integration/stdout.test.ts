import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { until } from '../support/until.ts';

const FIXTURE = join(import.meta.dirname, 'stdout-fixture.ts');

describe('the operational log on stdout', () => {
  const cleanUps: (() => void)[] = [];
  afterEach(() => {
    for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
  });

  /** A named pipe stands for the pipe of a shell: what node makes for `pipe` is a socket. */
  function namedPipe(): string {
    const folder = mkdtempSync(join(tmpdir(), 'turnout-stdout-'));
    cleanUps.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    return path;
  }

  async function start(stdout: number | 'pipe'): Promise<ChildProcess> {
    const child = spawn(process.execPath, [FIXTURE], { stdio: ['ignore', stdout, 'inherit', 'ipc'] });
    cleanUps.push(() => child.kill('SIGKILL'));
    await once(child, 'message');
    return child;
  }

  async function burst(child: ChildProcess, lines: number): Promise<void> {
    child.send({ burst: lines });
    await once(child, 'message', { signal: AbortSignal.timeout(30_000) });
  }

  /** What can be read right now without waiting for more. */
  function readAvailable(fd: number): string {
    const bytes = Buffer.alloc(1 << 20);
    let text = '';
    try {
      for (let n = readSync(fd, bytes); n > 0; n = readSync(fd, bytes)) text += bytes.toString('utf8', 0, n);
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).to.equal('EAGAIN');
    }
    return text;
  }

  it('lives on when nobody reads the pipe, loses whole lines, and says how many', async () => {
    const path = namedPipe();
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    cleanUps.push(() => closeSync(reader));
    const writer = openSync(path, constants.O_WRONLY);
    const child = await start(writer);
    closeSync(writer);

    await burst(child, 5000);

    let text = '';
    await until(() => {
      text += readAvailable(reader);
      return text.includes('operational-log-lines-lost');
    }, 'the line that counts the lost ones');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const lost = lines.find((line) => line.message === 'operational-log-lines-lost')?.data.lost;
    const kept = lines.filter((line) => line.message === 'line').map((line) => line.data.number);
    expect(kept).to.deep.equal(Array.from(kept, (_, i) => i + 1));
    expect(lost).to.be.greaterThan(1000);
    expect(kept.length + lost).to.equal(5000);
  });

  it('lives on when nobody reads the socket', async () => {
    const child = await start('pipe');
    await burst(child, 5000);
    await burst(child, 1);
    expect(child.exitCode).to.equal(null);

    let text = '';
    child.stdout!.setEncoding('utf8').on('data', (data) => {
      text += data;
    });
    await until(() => text.includes('operational-log-lines-lost'), 'the line that counts the lost ones');
    const last = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .at(-1);
    expect(last.data.lost).to.be.greaterThan(1000);
  });

  it('lives on when the reader is gone', async () => {
    const child = await start('pipe');
    child.stdout!.destroy();
    await burst(child, 100);
    await burst(child, 100);
    expect(child.exitCode).to.equal(null);
    expect(child.signalCode).to.equal(null);
  });

  it('lives on when the pipe has no reader left, and is heard by the next', async () => {
    const path = namedPipe();
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY);
    const child = await start(writer);
    closeSync(writer);
    await burst(child, 1);
    expect(readAvailable(reader)).to.contain('"number":1,');
    closeSync(reader);
    await burst(child, 3);

    const next = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    cleanUps.push(() => closeSync(next));
    await burst(child, 1);
    const lines = readAvailable(next)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.data.number ?? line.data.lost)).to.deep.equal([5, 3]);
  });

  it('lives on with stdout closed from the start, and on a full device', async () => {
    const full = openSync('/dev/full', constants.O_WRONLY);
    cleanUps.push(() => closeSync(full));
    const child = await start(full);
    await burst(child, 10);
    const closed = spawn('/bin/sh', ['-c', 'exec "$0" "$1" >&-', process.execPath, FIXTURE], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    cleanUps.push(() => closed.kill('SIGKILL'));
    await once(closed, 'message');
    await burst(closed, 10);
    expect([child.exitCode, closed.exitCode]).to.deep.equal([null, null]);
  });

  for (const { kind, exit } of [
    { kind: 'file', exit: 'at-once' },
    { kind: 'socket', exit: 'at-once' },
    { kind: 'pipe', exit: 'at-once' },
    { kind: 'socket', exit: 'flushed' },
  ] as const) {
    it(`has written all lines to a ${kind} when the process exits ${exit.replace('-', ' ')}`, async () => {
      const path = namedPipe();
      const target = kind === 'file' ? `${path}.log` : path;
      const reader = kind === 'pipe' ? openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) : undefined;
      if (reader !== undefined) cleanUps.push(() => closeSync(reader));
      const fd = kind === 'socket' ? 'pipe' : openSync(target, kind === 'file' ? 'a' : constants.O_WRONLY);
      const child = await start(fd);
      if (fd !== 'pipe') closeSync(fd);
      let text = '';
      child.stdout?.setEncoding('utf8').on('data', (data) => {
        text += data;
      });
      child.send({ burst: 30, exit });
      await once(child, 'close');
      if (kind === 'file') text = readFileSync(target, 'utf8');
      if (reader !== undefined) text = readAvailable(reader);
      const lines = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      const numbers = lines.map((line) => line.data.number);
      // Whether a thread that had taken a write came to it in time is the system's affair at such an end.
      if (kind === 'socket' && exit === 'at-once') numbers.sort((a, b) => (a ?? 31) - (b ?? 31));
      expect(numbers).to.deep.equal([...Array.from({ length: 30 }, (_, i) => i + 1), undefined]);
    });
  }
});

import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { RouterError } from '../../lib/errors.ts';
import { AccessLog, type AccessLogConfig } from '../../lib/log/access-log.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';

const FIXTURE = join(import.meta.dirname, 'access-log-fixture.ts');
const PROCESSES = 4;
const LINES_EACH = 25_000;

describe('AccessLog', () => {
  const cleanUps: (() => unknown)[] = [];
  let folder = '';
  let path = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'turnout-access-'));
    path = join(folder, 'access.log');
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    rmSync(folder, { recursive: true });
  });

  async function open(config: Partial<AccessLogConfig> = {}) {
    const log = recordingLogger();
    const access = new AccessLog({ path, log, ...config });
    cleanUps.push(() => access.close(0));
    await access.open();
    return { access, log };
  }

  function openPipe(): number {
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    cleanUps.push(() => closeSync(reader));
    return reader;
  }

  interface Writer {
    readonly child: ChildProcess;
    readonly messages: unknown[];
  }

  function startWriters(mode = ''): Writer[] {
    return Array.from({ length: PROCESSES }, (_, id) => {
      const child = fork(FIXTURE, [path, String(id), String(LINES_EACH), mode]);
      cleanUps.push(() => child.kill('SIGKILL'));
      const messages: unknown[] = [];
      child.on('message', (message) => messages.push(message));
      return { child, messages };
    });
  }

  async function allSaid(writers: readonly Writer[], what: string): Promise<void> {
    await until(() => writers.every(({ messages }) => messages.includes(what)), what, 30_000);
  }

  async function allEnded(writers: readonly Writer[]): Promise<void> {
    const over = ({ child }: Writer) => child.exitCode !== null || child.signalCode !== null;
    await until(() => writers.every(over), 'the end of all writers', 30_000);
    for (const { messages } of writers) expect(messages.at(-1)).to.deep.equal({ dropped: 0 });
  }

  /** Every line of every process is there, whole and once. */
  function expectAllLines(text: string): void {
    const seen = Array.from({ length: PROCESSES }, () => new Set<number>());
    const lines = text.split('\n');
    expect(lines.pop()).to.equal('');
    for (const line of lines) {
      const match = /^(\d) (\d+) (x*) end$/.exec(line);
      if (match === null) throw new Error(`not a whole line: ${line.slice(0, 200)}`);
      const [, id, n, padding] = match;
      if (padding!.length !== (Number(n) * 7919) % 600) throw new Error(`padding is wrong: ${line}`);
      seen[Number(id)]!.add(Number(n));
    }
    expect(lines.length).to.equal(PROCESSES * LINES_EACH);
    expect(seen.map((numbers) => numbers.size)).to.deep.equal(seen.map(() => LINES_EACH));
  }

  it('keeps every line of several processes whole in one file', async () => {
    await allEnded(startWriters());
    expectAllLines(readFileSync(path, 'utf8'));
  }).timeout(60_000);

  it('loses and doubles no line when the file is rotated under several processes', async () => {
    const writers = startWriters('rotate');
    await allSaid(writers, 'half');
    const rotated = `${path}.1`;
    renameSync(path, rotated);
    for (const { child } of writers) child.kill('SIGHUP');
    await allSaid(writers, 'reopened');
    const oldSize = statSync(rotated).size;
    await allEnded(writers);
    expect(statSync(rotated).size, 'bytes in the old file after all have reopened').to.equal(oldSize);
    expect(statSync(path).size).to.be.greaterThan(0);
    expectAllLines(readFileSync(rotated, 'utf8') + readFileSync(path, 'utf8'));
  }).timeout(60_000);

  it('makes the file with mode 0644 and appends to what is there', async () => {
    const umask = process.umask(0);
    cleanUps.push(() => process.umask(umask));
    const first = await open();
    first.access.append('one');
    await first.access.close();
    expect(statSync(path).mode & 0o777).to.equal(0o644);
    const second = await open();
    second.access.append('two');
    await second.access.close();
    expect(readFileSync(path, 'utf8')).to.equal('one\ntwo\n');
  });

  it('writes what is there after the flush time, and at once when there is much', async () => {
    const soon = await open({ flushMs: 20 });
    soon.access.append('one');
    expect(readFileSync(path, 'utf8')).to.equal('');
    await until(() => readFileSync(path, 'utf8') === 'one\n', 'the flush');

    const never = await open({ flushMs: 1e9, flushBytes: 10 });
    never.access.append('two');
    never.access.append('threefour');
    await until(() => readFileSync(path, 'utf8') === 'one\ntwo\nthreefour\n', 'the write');
  });

  it('writes lines longer than its buffers, and text beyond ASCII', async () => {
    const { access } = await open();
    const long = '世'.repeat(100_000);
    access.append('ä');
    access.append(long);
    access.append('ö');
    await access.close();
    expect(readFileSync(path, 'utf8')).to.equal(`ä\n${long}\nö\n`);
  });

  const bad: { name: string; path: () => string; says: string }[] = [
    {
      name: 'in a missing directory',
      path: () => join(folder, 'no', 'access.log'),
      says: 'its directory does not exist',
    },
    { name: 'that is a directory', path: () => folder, says: 'it is a directory' },
    {
      name: 'that is a pipe without reader',
      path: () => {
        execFileSync('mkfifo', [path]);
        return path;
      },
      says: 'it is a pipe that nobody reads',
    },
  ];
  for (const { name, path: given, says } of bad) {
    it(`names the path when asked to open one ${name}`, async () => {
      const culprit = given();
      const error = await open({ path: culprit }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(RouterError);
      expect((error as RouterError).code).to.equal('ACCESS_LOG_UNAVAILABLE');
      expect((error as RouterError).message).to.contain(`access_log.file ${culprit}: ${says}`);
    });
  }

  it('drops whole lines when a reader does not keep up, counts them and says so once a period', async () => {
    const reader = openPipe();
    const { access, log } = await open({ maxBufferedBytes: 200_000, retryMs: 5, reportMs: 50 });
    const before = process.memoryUsage().rss;
    const sent = 200_000;
    for (let n = 0; n < sent; n += 1) access.append(`${n} ${'x'.repeat(500)}`);
    // The pipe took at most 64 KB, the buffer holds 200 KB, and 100 MB were sent.
    expect(process.memoryUsage().rss - before).to.be.lessThan(40 << 20);
    const report = await until(() => log.lines.find((line) => line.message === 'access-log-lines-dropped'));
    expect(report.data).to.deep.equal({ dropped: access.dropped, total: access.dropped, file: path });
    expect(log.lines).to.have.length(1);

    let text = '';
    const bytes = Buffer.alloc(65_536);
    const read = () => {
      try {
        text += bytes.toString('utf8', 0, readSync(reader, bytes));
      } catch {
        // EAGAIN: nothing there at the moment
      }
      return text;
    };
    const kept = sent - access.dropped;
    await until(() => read().split('\n').length === kept + 1, 'all kept lines');
    const numbers = text
      .trimEnd()
      .split('\n')
      .map((line) => {
        expect(line).to.match(/^\d+ x{500}$/);
        return Number.parseInt(line, 10);
      });
    expect(numbers).to.deep.equal(Array.from(numbers, (_, i) => i));

    access.append('after');
    await access.close();
    expect(read().endsWith('after\n')).to.equal(true);
    expect(log.lines).to.have.length(1);
  });

  it('gives up at close after its time when nobody reads, and counts what it held', async () => {
    openPipe();
    const { access, log } = await open({ retryMs: 5 });
    for (let n = 0; n < 1000; n += 1) access.append('x'.repeat(1000));
    await access.close(50);
    expect(access.dropped).to.be.within(900, 999);
    expect(log.lines.map((line) => [line.level, line.message, line.data.total])).to.deep.equal([
      ['warn', 'access-log-lines-dropped', access.dropped],
    ]);
  });

  it('survives a full disk, says so once, and drops what does not fit', async () => {
    const { access, log } = await open({
      path: '/dev/full',
      maxBufferedBytes: 1000,
      flushBytes: 1,
      retryMs: 1,
    });
    for (let n = 0; n < 100; n += 1) access.append('x'.repeat(99));
    await until(() => log.lines.length > 0);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    await access.close(20);
    expect(access.dropped).to.equal(100);
    expect(log.lines.map((line) => line.message)).to.deep.equal([
      'error-emitting-access-log-to-writer-accesslog',
      'access-log-lines-dropped',
    ]);
    expect(String(log.lines[0]!.data.error)).to.contain('ENOSPC');
  });

  it('goes on when the broken file is replaced, and says that it does', async () => {
    const reader = openPipe();
    const { access, log } = await open({ flushBytes: 1, retryMs: 1 });
    access.append('one');
    await until(() => {
      try {
        return readSync(reader, Buffer.alloc(100)) > 0;
      } catch {
        return false;
      }
    });
    closeSync(cleanUpOf(reader));
    access.append('two');
    await until(() => log.lines.length > 0);
    renameSync(path, `${path}.old`);
    await access.reopen();
    await until(() => log.lines.length > 1);
    await access.close();
    expect(readFileSync(path, 'utf8')).to.equal('two\n');
    expect(access.dropped).to.equal(0);
    expect(log.lines.map((line) => line.message)).to.deep.equal([
      'error-emitting-access-log-to-writer-accesslog',
      'access-log-writer-recovered',
    ]);
  });

  /** The descriptor, taken out of the clean-up because the test closes it itself. */
  function cleanUpOf(fd: number): number {
    cleanUps.splice(0, 1);
    return fd;
  }

  it('stays with the old file when the path cannot be opened again', async () => {
    const { access, log } = await open();
    access.append('one');
    renameSync(path, `${path}.1`);
    execFileSync('mkdir', [path]);
    await access.reopen();
    access.append('two');
    await access.close();
    expect(readFileSync(`${path}.1`, 'utf8')).to.equal('one\ntwo\n');
    expect(log.lines.map((line) => line.message)).to.deep.equal(['error-creating-accesslog-file']);
  });

  it('takes reopening many times at once, before open and after close', async () => {
    const { access } = await open();
    for (let n = 0; n < 20; n += 1) {
      access.append(String(n));
      void access.reopen();
    }
    await access.reopen();
    await Promise.all([access.close(), access.close()]);
    await access.reopen();
    access.append('late');
    expect(access.dropped).to.equal(1);
    expect(readFileSync(path, 'utf8')).to.equal(Array.from({ length: 20 }, (_, n) => `${n}\n`).join(''));
    const unopened = new AccessLog({ path: join(folder, 'other'), log: recordingLogger() });
    await unopened.reopen();
    await unopened.close();
    expect(existsSync(join(folder, 'other'))).to.equal(false);
  });
});

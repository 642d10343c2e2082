import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SyslogDatagrams, type SyslogDatagramsConfig } from '../../lib/log/syslog-datagrams.ts';
import { SyslogFrame } from '../../lib/log/syslog-frame.ts';
import { SyslogStream, type SyslogStreamConfig } from '../../lib/log/syslog-stream.ts';
import { closingAfterEach } from '../support/closing.ts';
import { deadPort } from '../support/lane-fixture.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { datagramServer, SyslogServer } from '../support/syslog-server.ts';
import { until } from '../support/until.ts';

const FRAME = { app: 'vcap.gorouter', hostname: 'host', pid: 7, truncateBytes: 0 };
const HEADER = /^<14>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ host vcap\.gorouter 7 - \ufeff/u;

/** What stands behind the header of each message. */
function linesOf(messages: readonly string[]): string[] {
  return messages.map((message) => {
    expect(message).to.match(HEADER);
    return message.replace(HEADER, '');
  });
}

describe('SyslogStream', () => {
  const closing = closingAfterEach();

  async function open(target: SyslogStreamConfig['target'], config: Partial<SyslogStreamConfig> = {}) {
    const log = recordingLogger();
    const frame = new SyslogFrame(FRAME);
    const stream = new SyslogStream({ target, name: 'tcp test', frame, log, retryMs: 5, ...config });
    closing(() => stream.close(0));
    await stream.open();
    return { stream, log };
  }

  const at = (port: number): SyslogStreamConfig['target'] => ({ host: '127.0.0.1', port, family: 0 });

  it('sends each line with its header and a LF, many in one go', async () => {
    const server = await SyslogServer.start(closing);
    const { stream } = await open(at(server.port), { flushMs: 1 });
    for (let n = 0; n < 5000; n += 1) stream.append(`${n} ü`);
    await until(() => server.lines.length === 5000, 'all lines');
    expect(linesOf(server.lines)).to.deep.equal(Array.from({ length: 5000 }, (_, n) => `${n} ü`));
  });

  it('writes to a socket of the file system', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'turnout-syslog-'));
    closing(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'log');
    const server = await SyslogServer.start(closing, { at: path });
    const { stream } = await open({ path });
    stream.append('one');
    await stream.close();
    await until(() => server.lines.length === 1, 'the line');
    expect(linesOf(server.lines)).to.deep.equal(['one']);
  });

  it('sends what waits when it is closed, and ends the connection in order', async () => {
    const server = await SyslogServer.start(closing);
    const { stream } = await open(at(server.port), { flushMs: 1e9, flushBytes: 1e9 });
    for (let n = 0; n < 20_000; n += 1) stream.append(`${n} ${'x'.repeat(100)}`);
    await Promise.all([stream.close(), stream.close()]);
    stream.append('late');
    await until(() => server.sockets[0]?.readableEnded, 'the end of the connection');
    expect(server.lines).to.have.length(20_000);
    expect(stream.dropped).to.equal(1);
  });

  it('connects again after a loss and loses nothing that fits', async () => {
    const first = await SyslogServer.start(closing);
    const { port } = first;
    const { stream, log } = await open(at(port), { flushMs: 1 });
    stream.append('before');
    await until(() => first.lines.length === 1, 'the first line');
    await first.stop();
    await until(() => log.lines.length > 0, 'the loss to be said');
    for (let n = 0; n < 1000; n += 1) stream.append(String(n));
    const second = await SyslogServer.start(closing, { at: port });
    await until(() => second.lines.length === 1000, 'all lines');
    expect(linesOf(second.lines)).to.deep.equal(Array.from({ length: 1000 }, (_, n) => String(n)));
    expect(stream.dropped).to.equal(0);
    await until(() => log.lines.length === 2, 'the recovery to be said');
    expect(log.lines.map(({ level, message, data }) => [level, message, data.syslog])).to.deep.equal([
      ['error', 'error-emitting-access-log-to-writer-syslog', 'tcp test'],
      ['info', 'access-log-writer-recovered', 'tcp test'],
    ]);
  });

  it('keeps trying when the server was never there, and says so once', async () => {
    const port = await deadPort();
    const { stream, log } = await open(at(port), { flushMs: 1 });
    stream.append('early');
    await until(() => log.lines.length > 0, 'the failure to be said');
    const server = await SyslogServer.start(closing, { at: port });
    await until(() => server.lines.length === 1, 'the line');
    const errors = log.lines.filter(({ level }) => level === 'error');
    expect(errors).to.have.length(1);
    expect(String(errors[0]!.data.error)).to.contain('ECONNREFUSED');
  });

  it('drops whole lines when the server does not read, counts them and says so', async () => {
    const server = await SyslogServer.start(closing, { reads: false });
    const { stream, log } = await open(at(server.port), { maxBufferedBytes: 200_000, reportMs: 20 });
    await until(() => server.sockets.length === 1, 'the connection');
    const before = process.memoryUsage().rss;
    // 100 MB: more than any kernel keeps for one connection.
    for (let n = 0; n < 200_000; n += 1) {
      stream.append(`${n} ${'x'.repeat(500)}`);
      if (n % 1000 === 0) await new Promise(setImmediate);
    }
    expect(process.memoryUsage().rss - before).to.be.lessThan(60 << 20);
    const { data } = await until(() => log.lines.find(({ message }) => message.includes('dropped')));
    expect(data).to.include({ syslog: 'tcp test' });
    expect(stream.dropped).to.be.greaterThan(100_000);

    const kept = 200_000 - stream.dropped;
    const [socket] = server.sockets;
    server.read(socket!);
    await until(() => server.lines.length === kept, 'all kept lines');
    const numbers = linesOf(server.lines).map((line) => {
      expect(line).to.match(/^\d+ x{500}$/u);
      return Number.parseInt(line, 10);
    });
    expect(numbers).to.deep.equal(numbers.toSorted((a, b) => a - b));
  });

  it('gives up at close after its time when nobody listens, and counts what it held', async () => {
    const { stream, log } = await open(at(await deadPort()));
    for (let n = 0; n < 100; n += 1) stream.append('x');
    await stream.close(30);
    expect(stream.dropped).to.equal(100);
    expect(log.lines.at(-1)?.data).to.deep.equal({ dropped: 100, total: 100, syslog: 'tcp test' });
  });
});

describe('SyslogDatagrams', () => {
  const closing = closingAfterEach();

  async function open(port: number, config: Partial<SyslogDatagramsConfig> = {}) {
    const log = recordingLogger();
    const frame = new SyslogFrame(FRAME);
    const target = { host: '127.0.0.1', port, family: 0 } as const;
    const datagrams = new SyslogDatagrams({ target, name: 'udp test', frame, log, retryMs: 5, ...config });
    closing(() => datagrams.close(0));
    return { datagrams, log };
  }

  it('sends each line as a datagram without LF, those too that came before it was open', async () => {
    const server = await datagramServer(closing);
    const { datagrams } = await open(server.port);
    datagrams.append('early');
    await datagrams.open();
    datagrams.append('late ü');
    await datagrams.close();
    await until(() => server.messages.length === 2, 'both datagrams');
    expect(linesOf(server.messages.map(String))).to.deep.equal(['early', 'late ü']);
    datagrams.append('too late');
    expect(datagrams.dropped).to.equal(1);
  });

  it('cuts a line that no datagram holds', async () => {
    const server = await datagramServer(closing);
    const { datagrams, log } = await open(server.port);
    await datagrams.open();
    datagrams.append('x'.repeat(70_000));
    await until(() => server.messages.length === 1, 'the datagram');
    expect(server.messages[0]).to.have.length(65_507);
    expect(log.lines).to.deep.equal([]);
  });

  it('says once that nobody listens', async () => {
    const first = await datagramServer(closing);
    const { datagrams, log } = await open(first.port);
    await datagrams.open();
    first.close();
    await until(() => {
      datagrams.append('lost');
      return log.lines.length > 0;
    }, 'the failure to be said');
    expect(log.lines[0]).to.deep.include({ message: 'error-emitting-access-log-to-writer-syslog' });
    expect(String(log.lines[0]!.data.error)).to.contain('ECONNREFUSED');
    for (let n = 0; n < 50; n += 1) {
      datagrams.append('lost');
      await new Promise(setImmediate);
    }
    expect(log.lines.filter(({ level }) => level === 'error')).to.have.length(1);
  });

  it('keeps lines within its bound while the name cannot be resolved', async () => {
    const target = { host: 'no-such-host.invalid', port: 514, family: 0 } as const;
    const { datagrams, log } = await open(514, { target, maxPendingBytes: 1000, reportMs: 20 });
    await datagrams.open();
    for (let n = 0; n < 100; n += 1) datagrams.append('x'.repeat(40));
    await until(() => log.lines.length >= 2, 'both lines');
    await datagrams.close(10);
    expect(datagrams.dropped).to.equal(100);
    expect(log.lines[0]).to.deep.include({ message: 'error-emitting-access-log-to-writer-syslog' });
  });
});

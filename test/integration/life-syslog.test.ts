import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { deadPort } from '../support/lane-fixture.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { datagramServer, SyslogServer } from '../support/syslog-server.ts';
import { until } from '../support/until.ts';

const NO_NATS = 'nats: {hosts: [{hostname: 127.0.0.1, port: 1}]}';
const HEADER = /^<14>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (\S+) vcap\.gorouter (\d+) - \ufeff/u;

describe('the access log of a router that streams it to syslog', () => {
  const closing = closingAfterEach();
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'turnout-syslog-'));
    closing(() => rmSync(folder, { recursive: true }));
  });

  const config = (network: string, address: string, more = ''): string =>
    `${NO_NATS}\nlogging: {level: debug, syslog: vcap.gorouter, syslog_network: ${network}, syslog_addr: "${address}"${more}}`;

  it('has each line once at the server and once in the file, the last ones too', async () => {
    const server = await SyslogServer.start(closing);
    const file = join(folder, 'access.log');
    const router = await RouterProcess.start(
      closing,
      `${config('tcp', `127.0.0.1:${server.port}`)}\naccess_log: {file: ${file}, enable_streaming: true}`,
    );
    const workers = (await router.status('/workers')).map(({ pid }) => String(pid));
    const paths = Array.from({ length: 100 }, (_, n) => `/${n}`);
    await Promise.all(paths.map((path) => get(router, 'nowhere.example.com', path)));
    expect(await router.stop()).to.equal(0);

    await until(() => server.lines.length === 100, 'all lines');
    const streamed = server.lines.map((line) => {
      const [header = '', host, pid] = HEADER.exec(line) ?? [];
      expect([host, workers.includes(pid ?? '')], line).to.deep.equal([hostname(), true]);
      return line.slice(header.length);
    });
    const written = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(streamed.toSorted()).to.deep.equal(written.toSorted());
    const logged = streamed.map((line) => /"GET (\S+) HTTP\/1\.1" 404 /u.exec(line)?.[1]);
    expect(logged.toSorted()).to.deep.equal(paths.toSorted());
  });

  it('goes out in datagrams, cut where it is told to', async () => {
    const server = await datagramServer(closing);
    const router = await RouterProcess.start(
      closing,
      `${config('udp', `127.0.0.1:${server.port}`, ', syslog_truncate: 19')}\naccess_log: {enable_streaming: true}`,
    );
    await get(router, 'nowhere.example.com');
    const message = (await until(() => server.messages[0], 'the datagram')).toString();
    expect(message.replace(HEADER, '')).to.equal('nowhere.example.com');
    expect(router.output).to.not.contain('error-emitting');
  });

  it('goes to a socket of the file system', async () => {
    const path = join(folder, 'log.sock');
    const server = await SyslogServer.start(closing, { at: path });
    const router = await RouterProcess.start(
      closing,
      `${config('unix', path)}\naccess_log: {enable_streaming: true}`,
    );
    await get(router, 'nowhere.example.com');
    await until(() => server.lines.length === 1, 'the line');
    expect(server.lines[0]).to.match(HEADER);
  });

  it('keeps no request waiting for a server that does not read', async () => {
    const server = await SyslogServer.start(closing, { reads: false });
    const router = await RouterProcess.start(
      closing,
      `${config('tcp', `127.0.0.1:${server.port}`)}\naccess_log: {enable_streaming: true}\nworkers: {count: 1}`,
    );
    await until(() => server.sockets.length >= 2, 'the connection of the worker');
    // 20 MB of lines: more than the connection and the router keep.
    const headers = { 'user-agent': 'x'.repeat(50_000) };
    for (let n = 0; n < 400; n += 1) {
      expect((await get(router, 'nowhere.example.com', '/', headers)).status).to.equal(404);
    }
    await until(
      async () => (await router.status('/workers')).some((worker) => Number(worker.access_log_dropped) > 0),
      'dropped lines to be counted',
    );
  });

  const unreachable: { name: string; config: () => Promise<string>; says: RegExp }[] = [
    {
      name: 'a TCP port that nobody listens on',
      config: async () => config('tcp', `127.0.0.1:${await deadPort()}`),
      says: /^logging\.syslog_addr 127\.0\.0\.1:\d+ \(tcp\): cannot be connected to: connect ECONNREFUSED/u,
    },
    {
      name: 'a socket that is not there',
      config: async () => config('unix', '/nowhere/log.sock'),
      says: /^logging\.syslog_addr \/nowhere\/log\.sock \(unix\): cannot be connected to: connect ENOENT/u,
    },
    {
      name: 'a name that has no address',
      config: async () => config('udp', 'no-such-host.invalid:514'),
      says: /^logging\.syslog_addr no-such-host\.invalid:514 \(udp\): cannot be connected to: getaddrinfo/u,
    },
  ];
  for (const { name, config: broken, says } of unreachable) {
    it(`keeps the router from starting with ${name}`, async () => {
      const router = await RouterProcess.make(
        closing,
        `${await broken()}\naccess_log: {enable_streaming: true}`,
      );
      await router.spawn();
      expect(await router.ended()).to.equal(1);
      expect(router.last('error-creating-syslog-writer')?.data.error).to.match(says);
      expect(router.last('error-creating-access-logger')?.data.error).to.match(says);
      expect(router.last('status-listening'), 'nothing listened').to.equal(undefined);
    });
  }
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { connectionOwner } from '../../../scripts/bench/probes/connection-owner.ts';
import { connectionsTo } from '../../../scripts/bench/probes/connections-to.ts';
import { cpuTimes, cpuUsedMs, descendantsOf, rssOf } from '../../../scripts/bench/proc.ts';
import { closingAfterEach } from '../../support/closing.ts';
import { until } from '../../support/until.ts';

describe('what a bench reads from /proc', () => {
  const closing = closingAfterEach();

  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  async function start(script: string): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    closing(async () => {
      const gone = once(child, 'exit');
      for (const pid of [...descendantsOf(child.pid!), child.pid!]) process.kill(pid, 'SIGKILL');
      await gone;
    });
    await once(child.stdout!, 'data');
    return child;
  }

  it('is the CPU time of a process and of its children', async () => {
    const burning = "console.log('on'); for (;;) {}";
    const parent = await start(
      `const c = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(burning)}]);
       c.stdout.on('data', () => console.log('on'));`,
    );
    const children = descendantsOf(parent.pid!);
    expect(children).to.have.length(1);
    const before = cpuTimes(parent.pid!);
    await until(() => cpuUsedMs(before, cpuTimes(parent.pid!)) >= 100, '100 ms of CPU time');
    const after = cpuTimes(parent.pid!);
    expect([...after.keys()].sort()).to.deep.equal([parent.pid!, ...children].sort());
    // The parent waits; the time is its child's.
    expect(after.get(children[0]!)! - before.get(children[0]!)!).to.be.at.least(100);
  });

  it('is the resident memory, in bytes', () => {
    const own = process.memoryUsage.rss();
    expect(rssOf(process.pid)).to.be.within(own / 2, own * 2);
  });

  it('tells which process accepted a connection', async () => {
    const idle = await start("console.log('on'); setInterval(() => {}, 1000)");
    const server = createServer().listen(0, '127.0.0.1');
    closing(() => once(server.close(), 'close'));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    const client = createConnection(port, '127.0.0.1');
    closing(() => client.destroy());
    await Promise.all([once(client, 'connect'), accepted]);
    closing(async () => ((await accepted)[0] as { destroy(): void }).destroy());
    expect(connectionOwner(port, client.localPort!, [idle.pid!, process.pid])).to.equal(process.pid);
    expect(connectionOwner(port, client.localPort!, [idle.pid!])).to.equal(undefined);
  });

  it('counts the connections that came in at a port, until both ends are closed', async () => {
    const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    closing(() => once(server.close(), 'close'));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(connectionsTo(port)).to.equal(0);
    const accepted = once(server, 'connection');
    const client = createConnection(port, '127.0.0.1');
    closing(() => client.destroy());
    const [peer] = (await accepted) as [Socket];
    expect(connectionsTo(port)).to.equal(1);
    client.destroy();
    await once(peer.resume(), 'close');
    await until(() => connectionsTo(port) === 0, 'no connection');
  });
});

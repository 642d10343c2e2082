import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { OpenLoad, OpenLoadResult } from '../../scripts/bench/latency/messages.ts';
import { closingAfterEach } from '../support/closing.ts';

const PROGRAM = fileURLToPath(new URL('../../scripts/bench/latency/open-loop-process.ts', import.meta.url));
const PER_SECOND = 500;
const STALL_MS = 400;

describe('the open-loop generator of the bench', () => {
  const closing = closingAfterEach();

  async function measure(port: number): Promise<OpenLoadResult> {
    const generator = fork(PROGRAM, { stdio: 'inherit' });
    closing(() => generator.kill('SIGKILL'));
    const load: OpenLoad = {
      ...{ port, host: 'app.test', connections: 4, perSecond: PER_SECOND },
      ...{ leadInSeconds: 0, seconds: 1 },
    };
    generator.send(load);
    const [result] = (await once(generator, 'message')) as [OpenLoadResult];
    return result;
  }

  async function serve(answer: (socket: Socket, nth: number) => void): Promise<number> {
    let asked = 0;
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('data', () => answer(socket, asked++));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing(async () => {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    });
    return (server.address() as AddressInfo).port;
  }

  it('counts a stall against all requests that were due in it, sent or not', async () => {
    let stalledUntilMs = 0;
    const port = await serve((socket, nth) => {
      if (nth === 100) stalledUntilMs = performance.now() + STALL_MS;
      const answer = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      const restMs = stalledUntilMs - performance.now();
      if (restMs > 0) setTimeout(answer, restMs);
      else answer();
    });
    const { answered, errors, p99Ms } = await measure(port);
    expect({ answered, errors }).to.deep.equal({ answered: PER_SECOND, errors: 0 });
    // 4 connections had a request each in the stall, 0.8% of all. 200 were due in it: the 5 longest waits of 500 are
    // longer than any but those of its first 10 ms. A closed loop would have a p99 without it.
    expect(p99Ms).to.be.at.least(STALL_MS - 50);
  });

  it('tells answers other than 200', async () => {
    const port = await serve((socket, nth) => {
      socket.write(`HTTP/1.1 ${nth === 7 ? '503 Busy' : '200 OK'}\r\nContent-Length: 0\r\n\r\n`);
    });
    const { answered, errors } = await measure(port);
    expect({ answered, errors }).to.deep.equal({ answered: PER_SECOND, errors: 1 });
  });
});

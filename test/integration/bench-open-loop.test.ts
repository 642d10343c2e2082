import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Listening, OpenLoad, OpenLoadResult } from '../../scripts/bench/latency/messages.ts';
import { quantile } from '../../scripts/bench/statistics.ts';
import { closingAfterEach } from '../support/closing.ts';

const PROGRAM = fileURLToPath(new URL('../../scripts/bench/latency/open-loop-process.ts', import.meta.url));
const PER_SECOND = 500;
const STALL_MS = 400;

describe('the open-loop generator of the bench', () => {
  const closing = closingAfterEach();

  function generator(): ChildProcess {
    const child = fork(PROGRAM, { stdio: 'inherit' });
    closing(() => child.kill('SIGKILL'));
    return child;
  }

  async function measure(port: number, child = generator()): Promise<OpenLoadResult> {
    const load: OpenLoad = {
      ...{ kind: 'load', port, host: 'app.test', connections: 4, perSecond: PER_SECOND },
      ...{ leadInSeconds: 0, seconds: 1, watched: [process.pid] },
    };
    child.send(load);
    const [result] = (await once(child, 'message')) as [OpenLoadResult];
    return result;
  }

  function waitsMs({ windows }: OpenLoadResult): number[] {
    return windows.flatMap(({ waitsUs }) => waitsUs.map((us) => us / 1_000));
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
    const result = await measure(port);
    const waits = waitsMs(result);
    const { errors, unanswered } = result;
    expect({ answered: waits.length, errors, unanswered }).to.deep.equal({
      ...{ answered: PER_SECOND, errors: 0, unanswered: 0 },
    });
    // 4 connections had a request each in the stall, 0.8% of all. 200 were due in it: the 5 longest waits of 500 are
    // longer than any but those of its first 10 ms. A closed loop would have a p99 without it.
    expect(quantile(waits, 0.99)).to.be.at.least(STALL_MS - 50);
  });

  it('tells answers other than 200', async () => {
    const port = await serve((socket, nth) => {
      socket.write(`HTTP/1.1 ${nth === 7 ? '503 Busy' : '200 OK'}\r\nContent-Length: 0\r\n\r\n`);
    });
    const { errors, unanswered } = await measure(port);
    expect({ errors, unanswered }).to.deep.equal({ errors: 1, unanswered: 0 });
  });

  it('takes answers that come in pieces', async () => {
    const port = await serve((socket) => {
      socket.setNoDelay();
      socket.write('HTTP/1.1 200 OK\r\nContent-Le');
      setImmediate(() => {
        socket.write('ngth: 2\r\n\r\no');
        setImmediate(() => socket.write('k'));
      });
    });
    const { errors, unanswered } = await measure(port);
    expect({ errors, unanswered }).to.deep.equal({ errors: 0, unanswered: 0 });
  });

  it('answers as the endpoint, also while it asks', async () => {
    const child = generator();
    child.send({ kind: 'listen' });
    const [{ port }] = (await once(child, 'message')) as [Listening];
    for (let n = 0; n < 2; n++) {
      const result = await measure(port, child);
      const { errors, unanswered } = result;
      expect({ answered: waitsMs(result).length, errors, unanswered }).to.deep.equal({
        ...{ answered: PER_SECOND, errors: 0, unanswered: 0 },
      });
    }
  });
});

import { createConnection } from 'node:net';
import { quantile } from '../statistics.ts';
import type { OpenLoad, OpenLoadResult } from './messages.ts';

/*
 * An open-loop generator: request n is due at a fixed time, and its wait is counted from then, also when it could not
 * be sent because all connections still waited for answers. A closed loop, as wrk's, sends less while the server is
 * slow and so leaves out the waits that clients would have had (coordinated omission).
 *
 * Timers of 1 ms would send in bursts, so it looks at the clock and at its sockets without ever sleeping; it is meant
 * to run at idle priority. Told the load by message, tells the result, and ends when whoever started it is gone.
 */

interface Connection {
  send(dueMs: number): void;
}

/** A connection asks once at a time. Its answers are small and have a Content-Length. */
function connect(
  { port, host }: OpenLoad,
  onAnswer: (connection: Connection, dueMs: number, isGood: boolean) => void,
  onBroken: () => void,
): Promise<Connection> {
  const request = Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  return new Promise((resolve) => {
    let dueMs = 0;
    let received = '';
    const take = (length: number, buffer: Uint8Array): boolean => {
      received += Buffer.from(buffer.buffer, buffer.byteOffset, length).toString('latin1');
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd < 0) return true;
      const lengthAt = received.search(/content-length:/iu);
      const bodyLength = Number.parseInt(received.slice(lengthAt + 15, lengthAt + 30), 10);
      if (received.length < headEnd + 4 + bodyLength) return true;
      const isGood = received.startsWith('HTTP/1.1 200 ');
      received = '';
      onAnswer(connection, dueMs, isGood);
      return true;
    };
    const socket = createConnection({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: Buffer.allocUnsafe(16_384), callback: take },
    });
    const connection: Connection = {
      send: (due) => {
        dueMs = due;
        socket.write(request);
      },
    };
    socket.once('connect', () => resolve(connection));
    socket.on('error', () => socket.destroy());
    socket.on('close', onBroken);
  });
}

async function run(load: OpenLoad): Promise<OpenLoadResult> {
  const total = Math.round(load.perSecond * (load.leadInSeconds + load.seconds));
  const uncounted = Math.round(load.perSecond * load.leadInSeconds);
  const waitsMs: number[] = [];
  const ownDelaysMs: number[] = [];
  const overdue: number[] = [];
  let nextOverdue = 0;
  let answered = 0;
  let errors = 0;
  let countFromMs = 0;
  const free: Connection[] = [];

  const onAnswer = (connection: Connection, dueMs: number, isGood: boolean): void => {
    answered += 1;
    if (!isGood) errors += 1;
    if (dueMs >= countFromMs) waitsMs.push(performance.now() - dueMs);
    const due = overdue[nextOverdue];
    if (due === undefined) {
      free.push(connection);
      return;
    }
    nextOverdue += 1;
    connection.send(due);
  };
  const onBroken = (): void => {
    errors += 1;
  };
  const connecting = Array.from({ length: load.connections }, () => connect(load, onAnswer, onBroken));
  free.push(...(await Promise.all(connecting)));

  const beganMs = performance.now();
  countFromMs = beganMs + (1_000 * uncounted) / load.perSecond;
  const giveUpMs = beganMs + 1_000 * (load.leadInSeconds + load.seconds + 5);
  await new Promise<void>((resolve) => {
    let sent = 0;
    const turn = (): void => {
      const nowMs = performance.now();
      for (; sent < total; sent += 1) {
        const dueMs = beganMs + (1_000 * sent) / load.perSecond;
        if (dueMs > nowMs) break;
        // The one that waits longest, so that all are in use.
        const connection = free.shift();
        if (connection === undefined) overdue.push(dueMs);
        else {
          ownDelaysMs.push(nowMs - dueMs);
          connection.send(dueMs);
        }
      }
      if (answered >= total || nowMs > giveUpMs || errors >= load.connections) resolve();
      else setImmediate(turn);
    };
    turn();
  });
  return {
    answered: waitsMs.length,
    errors,
    p50Ms: quantile(waitsMs, 0.5),
    p99Ms: quantile(waitsMs, 0.99),
    p999Ms: quantile(waitsMs, 0.999),
    ownDelayP99Ms: quantile(ownDelaysMs, 0.99),
  };
}

process.on('message', async (load: OpenLoad) => {
  const result = await run(load);
  process.send?.(result, () => process.exit(0));
});
process.on('disconnect', () => process.exit(0));

import { expect } from 'chai';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { PaceClock } from '../support/pace-clock.ts';
import type { RawClient } from '../support/raw-client.ts';
import { answering, ok } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test\r\n';
const WINDOW_MS = 10_000;
const BODY = '408 Request Timeout: The body of the request came too slowly.\n';

/** How a lane is started whose time for bodies passes when the test has it pass: `windows` lets some windows go by. */
function paced() {
  const time = new PaceClock();
  const front = { bodyRate: { bytesPerSecond: 1_000, windowMs: WINDOW_MS, clock: time.clock } };
  return { front, time, windows: () => time.pass(4 * WINDOW_MS) };
}

const FRAMINGS = [
  { name: 'with a length', head: 'Content-Length: 100000\r\n', first: 'first', more: 'm' },
  { name: 'in chunks', head: 'Transfer-Encoding: chunked\r\n', first: '5\r\nfirst\r\n', more: '1\r\nm\r\n' },
] as const;

/** Resolves when nothing more of what was written goes out, since nobody takes it. */
async function stuck({ socket }: RawClient): Promise<void> {
  let [left, turns] = [Number.NaN, 0];
  await until(() => {
    turns = socket.writableLength === left ? turns + 1 : 0;
    left = socket.writableLength;
    return left > 0 && turns >= 20;
  }, 'the upload to be held up');
}

describeLane('bodies that come too slowly', (stage) => {
  for (const { name, head, first, more } of FRAMINGS) {
    for (const trickles of [true, false]) {
      it(`${name}, ${trickles ? 'byte by byte' : 'stalled'}, are answered 408, and the endpoint is not blamed`, async () => {
        const { front, time, windows } = paced();
        const lane = await stage.start({ front });
        const backend = await stage.backend(answering(ok()));
        route(lane, 'app.test', [backend]);
        const client = await stage.client(lane);

        await client.send(`POST / HTTP/1.1\r\n${HOST}${head}\r\n${first}`);
        await until(() => backend.received.includes('first'), 'the beginning of the body');
        if (!trickles) windows();
        for (let sent = 1; trickles && lane.records.length === 0; sent += 1) {
          await client.send(more);
          const heard = (): number => (backend.received.split('first')[1] ?? '').split('m').length - 1;
          await until(() => heard() === sent, `byte ${sent}`);
          time.pass(WINDOW_MS / 10);
          expect(sent).to.be.at.most(20);
        }
        const answer = (await client.reader.toEnd()).toString();

        expect(answer).to.match(
          new RegExp(
            '^HTTP/1\\.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\nX-Cf-Routererror: request_body_too_slow\r\n' +
              `X-Content-Type-Options: nosniff\r\nContent-Length: ${BODY.length}\r\nDate: [^\r]+ GMT\r\nConnection: close\r\n\r\n${BODY}$`,
          ),
        );
        await until(() => backend.connections[0]!.reader.closed, 'the cancellation at the endpoint');
        expect(await recordOf(lane)).to.include({ status: 408, routerError: 'request_body_too_slow' });
        expect(lane.reports).to.deep.equal([]);
        expect(lane.figures()).to.include({ activeRequests: 0, idleEndpointConnections: 0 });
      });
    }
  }

  it('since the endpoint is slow are waited for', async () => {
    const { front, windows } = paced();
    const lane = await stage.start({ front });
    const size = 32 * 1024 * 1024;
    const backend = await stage.backend(({ socket }) => void socket.pause());
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`PUT / HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n\r\n`);
    const piece = Buffer.alloc(64 * 1024);
    for (let sent = 0; sent < size; sent += piece.length) client.socket.write(piece);
    await stuck(client);
    windows();
    expect(lane.records).to.deep.equal([]);
    const [connection] = backend.connections;
    connection!.socket.resume();

    expect((await connection!.request()).body.length).to.equal(size);
    connection!.write(ok());
    expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');
  });

  it('since the client waits for 100 are waited for, and so is what comes behind an answer that has begun', async () => {
    const { front, windows } = paced();
    const lane = await stage.start({ front });
    const backend = await stage.backend(async ({ reader, write }) => {
      await reader.until('\r\n\r\n');
      windows();
      write('HTTP/1.1 100 Continue\r\n\r\n');
      write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n');
      await reader.until('late');
      write('0\r\n\r\n');
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n`);
    await client.reader.until('begun');
    windows();
    await client.send('late');

    await client.reader.until('0\r\n\r\n');
    expect((await recordOf(lane)).status).to.equal(200);
  });

  it('are nobody’s business between two requests', async () => {
    const { front, windows } = paced();
    const lane = await stage.start({ front });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    for (let i = 0; i < 2; i += 1) {
      const answer = await client.ask(`POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nab`);
      expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
      windows();
    }
    expect(lane.counters.connectionsOpened).to.equal(1);
  });
});

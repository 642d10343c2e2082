import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { ByteQueue } from '../support/byte-queue.ts';
import { describeLane, type LaneStage, type RunningLane, route } from '../support/lane-fixture.ts';
import { seededRandom } from '../support/random.ts';
import { writeInPieces } from '../support/token-exchange.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test\r\n';

/** What a connection may carry, one behind the other. `status`: of its answer; 101 ends the HTTP on it. */
const STEPS = {
  plain: { status: 200, bytes: (path: string) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n` },
  upload: {
    status: 200,
    bytes: (path: string) =>
      `POST ${path} HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  },
  old: {
    status: 200,
    bytes: (path: string) => `GET ${path} HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`,
  },
  refused: {
    status: 200,
    bytes: (path: string) => `GET ${path} HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
  },
} as const;
type Step = keyof typeof STEPS;

/** Answers with path and body; accepts WebSockets, which it echoes; refuses other upgrades with an ordinary answer. */
async function startBackend(stage: LaneStage, lane: RunningLane): Promise<void> {
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (bytes: Buffer) => {
      body += bytes.toString();
    });
    req.on('end', () => res.end(`${req.url}|${body}`));
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (req, socket, head) => {
    if (req.headers.upgrade === 'websocket') {
      sockets.handleUpgrade(req, socket, head, (ws) =>
        ws.on('message', (data, binary) => ws.send(data, { binary })),
      );
      return;
    }
    const text = `${req.url}|`;
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.closing(() => {
    for (const ws of sockets.clients) ws.terminate();
    server.close();
    server.closeAllConnections();
  });
  route(lane, 'app.test', [{ port: (server.address() as AddressInfo).port }]);
}

/** Reads and checks answers. None ends the connection. */
async function answers(queue: ByteQueue, steps: readonly Step[], from: number): Promise<void> {
  for (const [i, step] of steps.entries()) {
    const head = await queue.head();
    const name = `answer ${from + i} (${step}, behind ${steps[i - 1] ?? 'nothing'})`;
    expect(head?.startLine, name).to.match(new RegExp(`^HTTP/1\\.[01] ${STEPS[step].status} `));
    const { body } = await queue.body(head!.fields, false);
    expect(body.toString(), name).to.equal(`/${from + i}|${step === 'upload' ? 'hello' : ''}`);
    expect(head!.fields.get('connection'), name).to.not.equal('close');
  }
}

const bytesOf = (steps: readonly Step[], from: number): string =>
  steps.map((step, i) => STEPS[step].bytes(`/${from + i}`)).join('');

/** A WebSocket over a connection that has carried HTTP. */
async function webSocketOver(socket: ReturnType<typeof connect>): Promise<void> {
  const ws = new WebSocket('ws://app.test/ws', { createConnection: () => socket });
  await once(ws, 'open');
  for (const size of [0, 5, 70_000]) {
    const message = Buffer.alloc(size, 'm');
    ws.send(message);
    const [echoed] = (await once(ws, 'message')) as [Buffer];
    expect(echoed.equals(message), `message of ${size} bytes`).to.equal(true);
  }
  ws.close();
  await once(ws, 'close');
}

describeLane('one connection for everything', (stage) => {
  it('serves 100 plain requests, HTTP/1.0, a refused upgrade, plain ones again and a WebSocket', async () => {
    const lane = await stage.start();
    await startBackend(stage, lane);
    const socket = connect(lane.port, '127.0.0.1');
    stage.closing(() => socket.destroy());
    const queue = new ByteQueue(socket);
    const plain: Step[] = Array.from({ length: 100 }, () => 'plain');
    const steps: Step[] = [...plain, 'old', 'plain', 'refused', ...plain, 'upload', 'old'];

    for (const [i, step] of steps.entries()) {
      socket.write(bytesOf([step], i));
      await answers(queue, [step], i);
    }
    socket.removeAllListeners('data');
    await webSocketOver(socket);

    await until(() => lane.figures().openConnections === 0, 'the end');
    expect(lane.counters).to.include({
      connectionsOpened: 1,
      connectionsClosed: 1,
      requests: steps.length + 1,
      tunnelsOpened: 1,
      tunnelsClosed: 1,
      badRequests: 0,
    });
    expect(lane.figures()).to.include({ activeRequests: 0, openTunnels: 0 });
    expect(lane.records.map(({ status }) => status)).to.deep.equal([...steps.map(() => 200), 101]);
  });

  for (let seed = 1; seed <= 8; seed += 1) {
    it(`serves them in any order, pipelined and in pieces, seed ${seed}`, async () => {
      const lane = await stage.start();
      await startBackend(stage, lane);
      const random = seededRandom(seed);
      const kinds = Object.keys(STEPS) as Step[];
      const { socket } = await stage.client(lane);
      const queue = new ByteQueue(socket);
      let count = 0;
      for (let batch = 0; batch < 12; batch += 1) {
        const steps = Array.from({ length: 1 + Math.floor(random() * 12) }, (): Step => {
          const rare = batch < 3 ? 0 : random();
          return rare < 0.7 ? 'plain' : kinds[Math.floor(random() * kinds.length)]!;
        });
        const bytes = Buffer.from(bytesOf(steps, count));
        const writing =
          random() < 0.5 ? Promise.resolve(socket.write(bytes)) : writeInPieces(socket, bytes, random);
        await answers(queue, steps, count);
        await writing;
        count += steps.length;
      }

      expect(queue.length).to.equal(0);
      expect(lane.counters).to.include({ connectionsOpened: 1, requests: count });
      socket.removeAllListeners('data');
      await webSocketOver(socket);
      await until(() => lane.figures().openConnections === 0, 'the end');
      const { connectionsOpened, connectionsClosed, tunnelsClosed } = lane.counters;
      expect([connectionsOpened, connectionsClosed, tunnelsClosed]).to.deep.equal([1, 1, 1]);
    });
  }

  it('serves all that comes right behind HTTP/1.0 requests and a large answer', async () => {
    const lane = await stage.start();
    const size = 5_000_000;
    const backend = await stage.backend(async ({ request, write }) => {
      for (;;) {
        const { startLine } = await request();
        const path = startLine.split(' ')[1]!;
        if (path === '/large') write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
        else write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length + 1}\r\n\r\n${path}|`);
      }
    });
    route(lane, 'app.test', [backend]);
    const socket = connect(lane.port, '127.0.0.1');
    stage.closing(() => socket.destroy());
    const queue = new ByteQueue(socket);
    socket.pause();

    // More than is read ahead, behind an answer that the client does not read yet.
    const steps: Step[] = Array.from({ length: 2_000 }, (_, i) => (i % 500 === 400 ? 'old' : 'plain'));
    socket.write(STEPS.plain.bytes('/large') + bytesOf(steps, 0));
    await until(() => backend.received.includes('/large'), 'the large request');
    socket.resume();

    const head = await queue.head();
    expect((await queue.body(head!.fields, false)).body.length).to.equal(size);
    await answers(queue, steps, 0);
    expect(lane.counters.connectionsOpened).to.equal(1);
  });
});

import { expect } from 'chai';
import { describeLane, type RunningLane, route } from '../support/lane-fixture.ts';
import { ok, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;
/** For the general lane, in whichever way it arrives there; kept open by its answer. */
const OLD = `GET /old HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`;
const UPGRADE = `GET /up HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;

/** Answers with the path; what asks for /hold waits for `release`. */
class Holding {
  held = 0;
  #release: (() => void)[] = [];

  readonly script: Script = async ({ request, write }) => {
    for (;;) {
      const { startLine } = await request();
      const path = startLine.split(' ')[1]!;
      if (path === '/hold') {
        this.held += 1;
        await new Promise<void>((resolve) => this.#release.push(resolve));
      }
      write(ok(path));
    }
  };

  release(): void {
    for (const go of this.#release.splice(0)) go();
  }
}

const drained = async (lane: RunningLane): Promise<void> => {
  await lane.drain();
  expect(lane.figures()).to.deep.equal({
    activeRequests: 0,
    openConnections: 0,
    openTunnels: 0,
    idleEndpointConnections: 0,
  });
  expect(lane.counters.connectionsClosed).to.equal(lane.counters.connectionsOpened);
};

describeLane('drain', (stage) => {
  it('ends connections that were handed over before, while others still wait for their answers', async () => {
    const lane = await stage.start();
    const holding = new Holding();
    route(lane, 'app.test', [await stage.backend(holding.script)]);
    const old = await stage.client(lane);
    await old.ask(OLD);
    const refused = await stage.client(lane);
    expect((await refused.ask(UPGRADE)).startLine).to.equal('HTTP/1.1 200 OK');
    const waiting = await stage.client(lane);
    const answer = waiting.ask(GET.replace('GET / ', 'GET /hold '));
    await until(() => holding.held === 1, 'the request that waits');

    const draining = drained(lane);
    await until(() => old.reader.closed && refused.reader.closed, 'the idle ones to be closed');
    holding.release();

    expect((await answer).header('connection')).to.equal('close');
    await draining;
  });

  it('tells a request on a connection handed over before to close', async () => {
    const lane = await stage.start();
    const holding = new Holding();
    route(lane, 'app.test', [await stage.backend(holding.script)]);
    const old = await stage.client(lane);
    await old.ask(OLD);
    const waiting = await stage.client(lane);
    const answer = waiting.ask(GET.replace('GET / ', 'GET /hold '));
    await until(() => holding.held === 1, 'the request that waits');

    const draining = drained(lane);
    expect((await old.ask(GET)).header('connection')).to.equal('close');
    holding.release();
    await answer;
    await draining;
  });

  for (const [name, bytes] of [
    ['HTTP/1.0', OLD],
    ['an upgrade', UPGRADE],
  ] as const) {
    it(`waits for a connection that is handed over meanwhile for ${name}, the last one`, async () => {
      const lane = await stage.start();
      const holding = new Holding();
      route(lane, 'app.test', [await stage.backend(holding.script)]);
      const client = await stage.client(lane);
      await until(() => lane.figures().openConnections === 1, 'the connection');

      let done = false;
      const draining = drained(lane).then(() => {
        done = true;
      });
      await client.send(bytes.replace(/\/\w+/, '/hold'));
      await until(() => holding.held === 1, 'the request that waits');
      expect(done).to.equal(false);
      holding.release();

      expect((await client.response()).startLine).to.match(/^HTTP\/1\.1 200 /);
      await client.reader.untilClosed();
      await draining;
    });
  }

  it('finishes requests whose head has begun, whose body is under way, that wait, and answers one of two pipelined', async () => {
    const lane = await stage.start();
    const holding = new Holding();
    route(lane, 'app.test', [await stage.backend(holding.script)]);
    const [headBegun, bodyBegun, waiting, pipelined] = await Promise.all(
      [1, 2, 3, 4].map(() => stage.client(lane)),
    );
    await headBegun!.send('GET /head HTTP/1.1\r\nHo');
    await bodyBegun!.send(`POST /body HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\n12345`);
    await waiting!.send(GET.replace('GET / ', 'GET /hold '));
    await pipelined!.send(GET.replace('GET / ', 'GET /hold ') + GET.replace('GET / ', 'GET /behind '));
    await until(() => holding.held === 2, 'the requests that wait');

    const draining = drained(lane);
    await headBegun!.send(`st: app.test\r\n\r\n`);
    await bodyBegun!.send('67890');
    const answers = [await headBegun!.response(), await bodyBegun!.response()];
    holding.release();
    answers.push(await waiting!.response(), await pipelined!.response());

    for (const answer of answers) {
      expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
      expect(answer.header('connection')).to.equal('close');
    }
    await draining;
  });

  it('ends with stop, whatever is still under way', async () => {
    const lane = await stage.start();
    const holding = new Holding();
    route(lane, 'app.test', [await stage.backend(holding.script)]);
    for (const bytes of [GET, OLD, UPGRADE]) {
      const client = await stage.client(lane);
      await client.send(bytes.replace(/\/\w*/, '/hold'));
    }
    await until(() => holding.held === 3, 'the requests that wait');

    const draining = drained(lane);
    lane.stop();
    await draining;
  });
});

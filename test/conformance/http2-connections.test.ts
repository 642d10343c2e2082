import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { answerOf, ask, field } from '../support/http2/ask.ts';
import { http2Client, http2Port } from '../support/http2/front.ts';
import { FLAG, FRAME, frame, RawHttp2Client, request, uint32 } from '../support/http2/raw-http2-client.ts';
import { type LaneOptions, recordOf, route, startFastLane } from '../support/lane-fixture.ts';
import { answering, ok, type Script, ScriptedBackend } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HEAD: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.example.com'],
  [':path', '/'],
];

describe('HTTP/2 connections over time', () => {
  const closing = closingAfterEach();

  async function stage(script: Script, options: LaneOptions = {}) {
    const lane = await startFastLane(options);
    closing(() => lane.stop());
    const backend = await ScriptedBackend.start(script, closing);
    route(lane, 'a.example.com', [backend]);
    return { lane, backend, port: await http2Port(lane, closing) };
  }

  /** Answers when it is told to. */
  function held(): { script: Script; answer: () => void; asked: () => number } {
    const waiting: (() => void)[] = [];
    let asked = 0;
    return {
      script: async (connection) => {
        for (;;) {
          await connection.request();
          asked += 1;
          waiting.push(() => connection.write(ok('late')));
        }
      },
      answer: () => {
        for (const each of waiting.splice(0)) each();
      },
      asked: () => asked,
    };
  }

  it('end when the lane drains: what was on its way is served, then the last stream named', async () => {
    const { script, answer, asked } = held();
    const { lane, port } = await stage(script);
    const client = await RawHttp2Client.connect(port, closing);
    client.send(request(1, HEAD), request(3, HEAD));
    await until(() => asked() === 2, 'the requests');
    let drained = false;
    void lane.drain().then(() => {
      drained = true;
    });
    const word = async (nth: number): Promise<number[]> => {
      const { payload } = await until(() => client.of(FRAME.GOAWAY, 0)[nth], 'GOAWAY');
      return [payload.readUInt32BE(0), payload.readUInt32BE(4)];
    };
    expect(await word(0)).to.deep.equal([2 ** 31 - 1, 0]);
    const ping = await until(() => client.of(FRAME.PING, 0)[0], 'PING');
    client.send(request(5, HEAD), frame(FRAME.PING, FLAG.ACK, 0, ping.payload)); // crossed with the warning
    expect(await word(1)).to.deep.equal([5, 0]);
    client.send(request(7, HEAD)); // crossed with the last word: refused, so that it may go elsewhere
    expect(await client.resetCode(7)).to.equal(7);
    expect(drained).to.equal(false);
    await until(() => asked() === 3, 'the third request');
    answer();
    await until(() => drained && client.closed, 'the end');
    expect([1, 3, 5, 7].map((id) => client.ended(id))).to.deep.equal([true, true, true, false]);
    expect(asked()).to.equal(3);
  });

  it('end when the lane drains and the client is silent, after a while', async () => {
    const { lane, port } = await stage(answering(ok()));
    const client = await RawHttp2Client.connect(port, closing);
    await until(() => client.of(FRAME.SETTINGS, 0).length > 0, 'the settings');
    await lane.drain();
    expect(client.of(FRAME.GOAWAY, 0)).to.have.length(2);
  });

  it('serve a connection that came in the last moment', async () => {
    const { script, answer, asked } = held();
    const { lane, port } = await stage(script);
    const first = ask(await http2Client(port, closing), {});
    await until(() => asked() === 1, 'the request');
    const drained = lane.drain();
    const second = ask(await http2Client(port, closing), {});
    await until(() => asked() === 2, 'the request');
    answer();
    expect((await Promise.all([first, second])).map(({ status }) => status)).to.deep.equal([200, 200]);
    await drained;
  });

  it('end at once when the lane drains and nothing runs', async () => {
    const { lane, port } = await stage(answering(ok()));
    const client = await http2Client(port, closing);
    expect((await ask(client, {})).status).to.equal(200);
    await lane.drain();
    await until(() => client.destroyed, 'the end');
    expect(lane.figures().openConnections).to.equal(0);
  });

  it('end after frontend_idle_timeout, before a first request as well, and not while one runs', async () => {
    const { script, answer, asked } = held();
    const { port } = await stage(script, { front: { idleTimeoutMs: 500 } });
    const silent = await http2Client(port, closing);
    const busy = await http2Client(port, closing);
    const late = ask(busy, {});
    await until(() => silent.destroyed, 'the end of the idle one');
    expect([busy.destroyed, asked()]).to.deep.equal([false, 1]);
    answer();
    expect((await late).body.toString()).to.equal('late');
    await until(() => busy.destroyed, 'the end');
  });

  it('hold an upload up when the endpoint does not read, and only that stream', async () => {
    const { port } = await stage(async (connection) => {
      const text = (await connection.reader.until('\r\n\r\n')).toString('latin1');
      if (text.startsWith('GET')) connection.write(ok('beside it'));
      else connection.socket.pause();
    });
    const client = await http2Client(port, closing);
    const upload = client.request({ ':method': 'POST', ':authority': 'a.example.com', ':path': '/' });
    let sent = 0;
    const more = (): void => {
      while (sent < 200_000_000) {
        sent += 100_000;
        if (!upload.write(Buffer.alloc(100_000))) return;
      }
    };
    upload.on('drain', more);
    more();
    let before = -1;
    await until(() => {
      const still = sent === before;
      before = sent;
      return still && sent > 100_000;
    }, 'the client to be held up');
    expect(sent).to.be.lessThan(20_000_000);
    expect((await ask(client, {})).body.toString()).to.equal('beside it');
  });

  it('say 408 to a body that comes too slowly', async () => {
    const { port, lane } = await stage(async (connection) => connection.reader.untilClosed(), {
      front: { bodyRate: { bytesPerSecond: 1_000, windowMs: 200 } },
    });
    const client = await http2Client(port, closing);
    const upload = client.request({ ':method': 'POST', ':authority': 'a.example.com', ':path': '/' });
    const answer = answerOf(upload);
    upload.write('a');
    const { status, fields } = await answer;
    expect([status, field(fields, 'x-cf-routererror')]).to.deep.equal([408, 'request_body_too_slow']);
    expect((await recordOf(lane)).status).to.equal(408);
  });

  it('take other windows and frame sizes than ours', async () => {
    const body = 'abcdefghij'.repeat(5_000);
    const { port } = await stage(answering(ok(body)));
    const client = await RawHttp2Client.connect(port, closing);
    const window = Buffer.concat([Buffer.from([0, 4]), uint32(10_000)]);
    client.send(frame(FRAME.SETTINGS, 0, 0, window), request(1, HEAD));
    const bytes = (): number =>
      client.of(FRAME.DATA, 1).reduce((total, { payload }) => total + payload.length, 0);
    await until(() => bytes() === 10_000, 'as much as was allowed');
    client.send(frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(40_000)));
    await until(() => client.ended(1), 'the rest');
    expect(Buffer.concat(client.of(FRAME.DATA, 1).map(({ payload }) => payload)).toString()).to.equal(body);
  });
});

import { expect } from 'chai';
import { describeLane, route } from '../support/lane-fixture.ts';
import { RawClient } from '../support/raw-client.ts';
import { answering, ok } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

/** A generator of its own, so that a failing run can be repeated: the seed is in the title. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n',
  'POST /a?b HTTP/1.1\r\nHost: app.test\r\nContent-Length: 11\r\n\r\nhello world',
  'PUT / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nbytes',
  'POST / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
  'HEAD / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: app.test\r\n\r\n',
  'CONNECT app.test:1 HTTP/1.1\r\nHost: app.test\r\n\r\n',
];
const RESPONSES = [
  ok('hello', 'Connection: keep-alive, X-A', 'X-A: 1', 'Keep-Alive: timeout=3'),
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n5\r\nhello\r\n0\r\nT: 1\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\nSet-Cookie: JSESSIONID=1; Max-Age=0\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nbytes',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
];
const SPLICES = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  ':',
  '\xff',
  '0',
  'fffffff',
  '\r\n\r\n',
  'HTTP/1.1',
  'Content-Length: 3\r\n',
  '\t',
];

function mutated(text: string, random: () => number): string {
  let out = text;
  const edits = Math.floor(random() * 4);
  for (let i = 0; i < edits; i += 1) {
    const at = Math.floor(random() * (out.length + 1));
    const splice = SPLICES[Math.floor(random() * SPLICES.length)]!;
    switch (Math.floor(random() * 4)) {
      case 0:
        out = out.slice(0, at) + splice + out.slice(at);
        break;
      case 1:
        out = out.slice(0, at) + out.slice(at + 1 + Math.floor(random() * 8));
        break;
      case 2:
        out = `${out.slice(0, at)}${String.fromCharCode(Math.floor(random() * 256))}${out.slice(at + 1)}`;
        break;
      default:
        out = out.slice(0, at) + out.slice(0, Math.floor(random() * out.length)) + out.slice(at);
    }
  }
  return random() < 0.05
    ? Array.from({ length: 200 }, () => String.fromCharCode(random() * 256)).join('')
    : out;
}

describeLane('nonsense from both sides', (stage) => {
  for (const seed of [1, 20_26]) {
    it(`harms no other request, in 1,000 cases of seed ${seed}`, async function () {
      this.timeout(120_000);
      const random = mulberry(seed);
      const lane = await stage.start({ endpoints: { endpointTimeoutMs: 5_000 } });
      const hostile = await stage.backend(async ({ reader, socket }) => {
        await new Promise((resolve) => socket.once('data', resolve));
        if (reader.ended) return;
        const bytes = Buffer.from(
          mutated(RESPONSES[Math.floor(random() * RESPONSES.length)]!, random),
          'latin1',
        );
        const cut = Math.floor(random() * bytes.length);
        socket.write(bytes.subarray(0, cut));
        setImmediate(() => {
          if (socket.destroyed) return;
          if (random() < 0.3) socket.resetAndDestroy();
          else socket.end(bytes.subarray(cut));
        });
      });
      const honest = await stage.backend(answering(ok('honest')));
      route(lane, 'app.test', [hostile]);
      route(lane, 'good.test', [honest]);
      const good = await stage.client(lane);

      const one = async (): Promise<void> => {
        const client = await RawClient.connect(lane.port, () => {});
        const bytes = mutated(REQUESTS[Math.floor(random() * REQUESTS.length)]!, random);
        const cut = Math.floor(random() * bytes.length);
        const how = random();
        client.socket.write(Buffer.from(bytes.slice(0, cut), 'latin1'));
        setImmediate(() => {
          if (client.socket.destroyed) return;
          client.socket.write(Buffer.from(bytes.slice(cut), 'latin1'));
          if (how < 0.2) client.socket.resetAndDestroy();
          else if (how < 0.4) client.socket.end();
        });
        const patience = setTimeout(() => client.close(), 100);
        await client.reader.untilClosed();
        clearTimeout(patience);
      };
      for (let i = 0; i < 1_000; i += 20) {
        const [answer] = await Promise.all([
          good.ask('GET / HTTP/1.1\r\nHost: good.test\r\n\r\n'),
          ...Array.from({ length: 20 }, one),
        ]);
        expect(answer.body.toString()).to.equal('honest');
      }

      await until(
        () => lane.figures().activeRequests === 0 && lane.figures().openTunnels === 0,
        'every request to end',
      );
      await until(() => lane.figures().openConnections === 1, 'every connection to end');
      expect(lane.lines.filter(({ message }) => message === 'panic-check')).to.deep.equal([]);
      for (const [endpoint] of [
        [{ address: `127.0.0.1:${hostile.port}` }],
        [{ address: `127.0.0.1:${honest.port}` }],
      ]) {
        expect(lane.states.inFlight(endpoint as never)).to.equal(0);
      }
    });
  }
});

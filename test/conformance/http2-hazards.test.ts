import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { ask } from '../support/http2/ask.ts';
import { http2Client, http2Port } from '../support/http2/front.ts';
import {
  FLAG,
  FRAME,
  fieldSection,
  frame,
  RawHttp2Client,
  request,
  reset,
  uint32,
} from '../support/http2/raw-http2-client.ts';
import { route, startFastLane } from '../support/lane-fixture.ts';
import { answering, ok, type Script, ScriptedBackend } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const PROTOCOL_ERROR = 1;
const INTERNAL_ERROR = 2;
const ENHANCE_YOUR_CALM = 11;

type Field = readonly [name: string, value: string];

const METHOD: Field = [':method', 'GET'];
const SCHEME: Field = [':scheme', 'https'];
const AUTHORITY: Field = [':authority', 'a.example.com'];
const PATH: Field = [':path', '/'];
const HEAD = [METHOD, SCHEME, AUTHORITY, PATH];
const POST: readonly Field[] = [[':method', 'POST'], SCHEME, AUTHORITY, PATH];

describe('HTTP/2 clients that mean harm', () => {
  const closing = closingAfterEach();

  async function stage(script: Script = answering(ok())) {
    const lane = await startFastLane({ settings: { maxAttempts: 1 } });
    closing(() => lane.stop());
    const backend = await ScriptedBackend.start(script, closing);
    route(lane, 'a.example.com', [backend]);
    const port = await http2Port(lane, closing);
    const raw = await RawHttp2Client.connect(port, closing);
    const stillServes = async (): Promise<void> => {
      backend.script = answering(ok());
      const client = await http2Client(port, closing);
      expect((await ask(client, {})).status).to.equal(200);
      expect(lane.figures().activeRequests).to.equal(0);
    };
    return { lane, backend, raw, stillServes };
  }

  describe('sends what is malformed (RFC 9113 §8.1-8.3)', () => {
    const malformed: Readonly<Record<string, readonly Field[]>> = {
      'an upper-case name': [...HEAD, ['X-Upper', 'a']],
      Connection: [...HEAD, ['connection', 'x-secret']],
      'Keep-Alive': [...HEAD, ['keep-alive', 'timeout=5']],
      'Proxy-Connection': [...HEAD, ['proxy-connection', 'close']],
      'Transfer-Encoding': [...POST, ['transfer-encoding', 'chunked']],
      Upgrade: [...HEAD, ['upgrade', 'websocket']],
      'TE other than trailers': [...HEAD, ['te', 'gzip']],
      'two :path': [...HEAD, [':path', '/b']],
      'two :authority': [...HEAD, AUTHORITY],
      'two :method': [METHOD, ...HEAD],
      'a pseudo-field behind a field': [METHOD, SCHEME, AUTHORITY, ['x-a', 'b'], PATH],
      'an unknown pseudo-field': [...HEAD, [':x', 'y']],
      'a response pseudo-field': [...HEAD, [':status', '200']],
      'no :method': [SCHEME, AUTHORITY, PATH],
      'no :scheme': [METHOD, AUTHORITY, PATH],
      'no :path': [METHOD, SCHEME, AUTHORITY],
      'an empty :path': [METHOD, SCHEME, AUTHORITY, [':path', '']],
      'a space in :path': [METHOD, SCHEME, AUTHORITY, [':path', '/a b']],
      'a new line in :path': [METHOD, SCHEME, AUTHORITY, [':path', '/ HTTP/1.1\r\nx: y']],
      'NUL in :path': [METHOD, SCHEME, AUTHORITY, [':path', '/\0']],
      'a :path without a slash': [METHOD, SCHEME, AUTHORITY, [':path', 'a']],
      'a space in :method': [[':method', 'GET /x'], SCHEME, AUTHORITY, PATH],
      'a new line in :method': [[':method', 'GET\r\n'], SCHEME, AUTHORITY, PATH],
      'userinfo in :authority': [METHOD, SCHEME, [':authority', 'u@a.example.com'], PATH],
      'a new line in :authority': [METHOD, SCHEME, [':authority', 'a.example.com\r\nx: y'], PATH],
      'host beside another :authority': [...HEAD, ['host', 'b.example.com']],
      'two hosts': [METHOD, SCHEME, PATH, ['host', 'a.example.com'], ['host', 'b.example.com']],
      'no authority at all': [METHOD, SCHEME, PATH],
      'two lengths': [...POST, ['content-length', '1'], ['content-length', '2']],
      'a length that is no number': [...POST, ['content-length', '0x1']],
      'a negative length': [...POST, ['content-length', '-1']],
      'a length beside no body': [...POST, ['content-length', '5']],
      'extended CONNECT': [[':method', 'CONNECT'], [':protocol', 'websocket'], SCHEME, AUTHORITY, PATH],
    };
    for (const [what, fields] of Object.entries(malformed)) {
      it(`${what}: a stream error, and nothing reaches the endpoint`, async () => {
        const { raw, backend, stillServes } = await stage();
        raw.send(request(1, fields));
        expect(await raw.resetCode(1)).to.equal(PROTOCOL_ERROR);
        raw.send(request(3, HEAD));
        await until(() => raw.ended(3), 'the answer to the next request');
        expect(backend.received.match(/HTTP\/1\.1\r\n/g)?.length).to.equal(1);
        await stillServes();
      });
    }

    const unreadable: Readonly<Record<string, Field>> = {
      'CR and LF in a value': ['x-a', 'a\r\nx-smuggled: b'],
      'LF in a value': ['x-a', 'a\nx-smuggled: b'],
      'NUL in a value': ['x-a', 'x-smuggled\0'],
      'DEL in a value': ['x-a', 'x-smuggled\x7f'],
      'a blank ahead of a value': ['x-a', ' x-smuggled'],
      'a blank in a name': ['x-smuggled ', 'b'],
      'a colon in a name': ['x-smuggled:', 'b'],
      'a new line in a name': ['x-smuggled\r\n', 'b'],
      'an empty name': ['', 'x-smuggled'],
      'a name beyond ASCII': ['x-smuggled\xe9', 'b'],
    };
    for (const [what, field] of Object.entries(unreadable)) {
      it(`${what}: nothing of that field reaches the endpoint`, async () => {
        const { raw, backend } = await stage();
        raw.send(request(1, [...HEAD, field, ['x-next', 'c']]));
        await until(() => raw.ended(1) || raw.of(FRAME.RST_STREAM, 1).length > 0, 'an end');
        expect(backend.received).not.to.include('x-smuggled');
        for (const line of backend.received.split('\r\n').slice(1)) {
          expect(line).to.match(/^(?:[\w-]+: [^\r\n]*|ok|)$/);
        }
      });
    }

    it('a body longer than its length: the endpoint never sees a whole one', async () => {
      const { raw, backend, stillServes } = await stage(async (connection) => {
        await connection.reader.untilClosed();
      });
      raw.send(request(1, [...POST, ['content-length', '5']], false));
      raw.send(frame(FRAME.DATA, FLAG.END_STREAM, 1, Buffer.from('12345GET / HTTP/1.1')));
      expect(await raw.resetCode(1)).to.equal(PROTOCOL_ERROR);
      await until(() => backend.connections.every(({ reader }) => reader.ended || reader.closed), 'the end');
      expect(backend.received).not.to.include('GET / HTTP/1.1');
      await stillServes();
    });

    it('a body shorter than its length: the endpoint is cut off', async () => {
      const { raw, backend, stillServes } = await stage(async (connection) => {
        await connection.reader.untilClosed();
      });
      raw.send(request(1, [...POST, ['content-length', '5']], false));
      raw.send(frame(FRAME.DATA, FLAG.END_STREAM, 1, Buffer.from('123')));
      expect(await raw.resetCode(1)).to.equal(PROTOCOL_ERROR);
      await until(() => backend.connections.every(({ reader }) => reader.ended || reader.closed), 'the end');
      expect(backend.received).not.to.match(/\r\n\r\n12345/);
      await stillServes();
    });

    it('trailers that frame, route or log in: left out', async () => {
      const { raw, backend } = await stage();
      raw.send(request(1, [...POST, ['te', 'trailers']], false), frame(FRAME.DATA, 0, 1, Buffer.from('a')));
      const trailers: Field[] = [
        ['range', 'b'],
        ['cookie', 'c'],
        ['authorization', 'd'],
        ['x-forwarded-for', 'e'],
        ['x-fine', 'f'],
      ];
      raw.send(frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, fieldSection(trailers)));
      await until(() => raw.ended(1), 'the answer');
      expect(backend.received).to.match(/\r\n\r\n1\r\na\r\n0\r\nx-fine: f\r\n\r\n$/);
    });

    it('pseudo-fields among trailers: a stream error, and no whole body', async () => {
      const { raw, backend, stillServes } = await stage(async (connection) => {
        await connection.reader.untilClosed();
      });
      raw.send(request(1, POST, false), frame(FRAME.DATA, 0, 1, Buffer.from('a')));
      raw.send(frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, fieldSection([PATH])));
      expect(await raw.resetCode(1)).to.equal(PROTOCOL_ERROR);
      await until(() => backend.connections.every(({ reader }) => reader.ended || reader.closed), 'the end');
      expect(backend.received).not.to.include('0\r\n\r\n');
      await stillServes();
    });
  });

  describe('floods', () => {
    /** An endpoint that never answers, and what is open to it. */
    const silent: Script = async (connection) => {
      await connection.reader.untilClosed();
    };

    async function ends({
      lane,
      raw,
      backend,
      stillServes,
    }: Awaited<ReturnType<typeof stage>>): Promise<void> {
      await until(() => raw.closed, 'the end of the session');
      await until(() => lane.figures().activeRequests === 0, 'the end of its requests');
      await until(
        () => backend.connections.every(({ reader }) => reader.ended || reader.closed),
        'the end of the connections to the endpoint',
      );
      await until(() => lane.figures().openConnections === 0, 'the end of the session here');
      await stillServes();
    }

    it('with streams that it resets at once (rapid reset)', async () => {
      const here = await stage(silent);
      const { raw, lane } = here;
      for (let i = 0; i < 10_000; i += 1) raw.send(request(2 * i + 1, HEAD), reset(2 * i + 1, 8));
      expect(await raw.goawayCode()).to.be.oneOf([ENHANCE_YOUR_CALM, INTERNAL_ERROR]);
      await ends(here);
      expect(lane.counters.attempts).to.be.lessThan(3_000);
    });

    it('with streams that it has us reset (MadeYouReset)', async () => {
      const here = await stage(silent);
      const { raw, lane } = here;
      for (let i = 0; i < 5_000 && !raw.closed; i += 1) {
        const id = 2 * i + 1;
        raw.send(request(id, POST, false), frame(FRAME.WINDOW_UPDATE, 0, id, uint32(0)));
        if (i % 100 === 0) await until(() => raw.closed || raw.frames.length > i / 2, 'the resets');
      }
      await ends(here);
      expect(lane.counters.attempts).to.be.lessThan(1_200);
    });

    it('with CONTINUATION frames without end', async () => {
      const here = await stage(silent);
      const { raw, lane } = here;
      raw.send(frame(FRAME.HEADERS, 0, 1, fieldSection(HEAD)));
      for (let i = 0; i < 200; i += 1) {
        raw.send(frame(FRAME.CONTINUATION, 0, 1, fieldSection([['x-a', 'b'.repeat(10_000)]])));
      }
      await ends(here);
      expect(lane.counters.attempts).to.be.lessThan(2);
    });

    it('with PING frames', async () => {
      const here = await stage(silent);
      const pings = Array.from({ length: 3_000 }, () => frame(FRAME.PING, 0, 0, Buffer.alloc(8)));
      here.raw.send(...pings);
      expect(await here.raw.goawayCode()).to.be.oneOf([ENHANCE_YOUR_CALM, INTERNAL_ERROR]);
      await ends(here);
    });

    it('with SETTINGS frames', async () => {
      const here = await stage(silent);
      const settings = Buffer.concat([Buffer.from([0, 4]), uint32(70_000)]);
      here.raw.send(...Array.from({ length: 3_000 }, () => frame(FRAME.SETTINGS, 0, 0, settings)));
      await ends(here);
    });

    it('with DATA frames of nothing', async () => {
      const here = await stage(silent);
      here.raw.send(request(1, POST, false));
      here.raw.send(...Array.from({ length: 3_000 }, () => frame(FRAME.DATA, 0, 1)));
      await ends(here);
    });

    it('with field sections that unfold in memory', async () => {
      const here = await stage(silent);
      const { raw, lane } = here;
      // One field of 4000 bytes into the dynamic table (index 62), then named 16,000 times by a byte each.
      const big = Buffer.concat([
        Buffer.from([0x40]),
        fieldSection([['x-big', 'b'.repeat(4_000)]]).subarray(1),
      ]);
      const section = Buffer.concat([fieldSection(HEAD), big, Buffer.alloc(16_000, 0x80 | 62)]);
      const cut = 16_000;
      raw.send(frame(FRAME.HEADERS, FLAG.END_STREAM, 1, section.subarray(0, cut)));
      raw.send(frame(FRAME.CONTINUATION, FLAG.END_HEADERS, 1, section.subarray(cut)));
      await until(() => raw.closed || raw.ended(1) || raw.of(FRAME.RST_STREAM, 1).length > 0, 'an end');
      expect(lane.counters.attempts).to.equal(0);
      await here.stillServes();
    });

    it('with more streams than it was told it may have', async () => {
      const here = await stage(silent);
      const { raw, lane } = here;
      await until(() => raw.of(FRAME.SETTINGS, 0).length === 2, 'the settings, and the word that ours came');
      raw.send(frame(FRAME.SETTINGS, FLAG.ACK, 0));
      for (let i = 0; i < 400; i += 1) raw.send(request(2 * i + 1, HEAD));
      await until(
        () => raw.closed || raw.frames.filter(({ type }) => type === FRAME.RST_STREAM).length >= 150,
        'refusals',
      );
      expect(lane.counters.attempts).to.equal(raw.closed ? lane.counters.attempts : 250);
      expect(lane.counters.attempts).to.be.most(250);
      raw.socket.destroy();
      await ends(here);
    });

    it('with requests whose small answers it does not read: it is not read either', async () => {
      const here = await stage(answering(ok('x'.repeat(20_000))));
      const { raw, lane } = here;
      raw.socket.pause();
      raw.send(frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(2 ** 30)));
      let sent = 0;
      for (let served = true; served; ) {
        expect(sent * 20_000, 'octets of answers that are kept for it').to.be.below(60_000_000);
        raw.send(...Array.from({ length: 50 }, (_, n) => request(2 * (sent + n) + 1, HEAD)));
        sent += 50;
        let looks = 0;
        await until(() => {
          looks += 1;
          served = lane.counters.attempts === sent && lane.figures().activeRequests === 0;
          return served || looks === 50;
        });
      }
      raw.socket.destroy();
      await until(() => lane.figures().openConnections === 0, 'the end of the session');
      await here.stillServes();
    });

    it('with answers that it does not read: the endpoint is held up, and memory stays', async () => {
      let written = 0;
      const { raw, lane } = await stage(async (connection) => {
        await connection.request();
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n');
        const more = (): void => {
          while (written < 20_000_000 * 20) {
            written += 64_000;
            if (!connection.socket.write(Buffer.alloc(64_000))) return;
          }
        };
        connection.socket.on('drain', more);
        more();
      });
      for (let i = 0; i < 20; i += 1) raw.send(request(2 * i + 1, HEAD));
      let before = -1;
      await until(() => {
        const still = written === before && lane.counters.attempts === 20;
        before = written;
        return still;
      }, 'the endpoint to be held up');
      const held = process.memoryUsage().arrayBuffers;
      expect(held).to.be.lessThan(200_000_000);
    });
  });
});

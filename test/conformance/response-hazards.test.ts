import { expect } from 'chai';
import { head, masked } from '../support/exact-bytes.ts';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

/*
 * How responses of endpoints go wrong, one row of the list of hazards after the other: what the endpoint sends, and the
 * exact bytes that reach a client that asks twice. The second answer shows whether anything of the first was left over.
 */

const HOST = 'Host: app.test';
const GET = head('GET / HTTP/1.1', HOST);
const HEAD = head('HEAD / HTTP/1.1', HOST);
const ID = 'X-Vcap-Request-Id: <id>';
const DATE = 'Date: <date>';
const NEXT = head('HTTP/1.1 200 OK', 'Content-Length: 4', ID, DATE).concat('next');
const BAD_GATEWAY_BODY = '502 Bad Gateway: Registered endpoint failed to handle the request.\n';
const BAD_GATEWAY = head(
  'HTTP/1.1 502 Bad Gateway',
  'Content-Type: text/plain; charset=utf-8',
  'X-Cf-Routererror: endpoint_failure (<error>)',
  'X-Content-Type-Options: nosniff',
  `Content-Length: ${BAD_GATEWAY_BODY.length}`,
  DATE,
).concat(BAD_GATEWAY_BODY);
const BAD_SWITCH = head('HTTP/1.1 502 Bad Gateway', 'Content-Length: 0', DATE);

interface Hazard {
  readonly name: string;
  /** All that the endpoint sends to the first request. */
  readonly given: string;
  /** All that the client gets as answer to it; a 502 unless said otherwise. */
  readonly answer?: string;
  /** Where node's parser decides otherwise; each has its reason in docs/lanes.md. */
  readonly general?: Partial<Pick<Hazard, 'answer' | 'kept'>>;
  readonly request?: string;
  /** Whether the endpoint's connection may serve the second request: nothing is wrong with it. */
  readonly kept?: true;
}

const response = (...lines: string[]): string => head('HTTP/1.1 200 OK', ...lines);
/** A response with a body in chunks, and these bytes of it. */
const chunked = (bytes: string, ...lines: string[]): string =>
  response('Transfer-Encoding: chunked', ...lines) + bytes;
const chunkedAnswer = (...lines: string[]): string =>
  head('HTTP/1.1 200 OK', ...lines, ID, DATE, 'Transfer-Encoding: chunked');

const ROWS: Readonly<Record<string, readonly Hazard[]>> = {
  'two Content-Lengths, or no plain number': [
    { name: 'different', given: `${response('Content-Length: 2', 'Content-Length: 3')}abc` },
    { name: 'identical', given: `${response('Content-Length: 2', 'Content-Length: 2')}ab` },
    { name: '+2', given: `${response('Content-Length: +2')}ab` },
    { name: '2, 2', given: `${response('Content-Length: 2, 2')}ab` },
    { name: '0x2', given: `${response('Content-Length: 0x2')}ab` },
    { name: 'empty', given: `${response('Content-Length:')}ab` },
    { name: '2^64', given: `${response('Content-Length: 18446744073709551616')}ab` },
  ],
  'Content-Length with Transfer-Encoding': [
    {
      name: 'length first',
      given: `${response('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    },
    {
      name: 'chunked first',
      given: `${response('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n`,
    },
  ],
  'bad chunk': [
    { name: 'a size that is none', given: chunked('zz\r\nab\r\n0\r\n\r\n'), answer: chunkedAnswer() },
    { name: 'a size with a sign', given: chunked('+2\r\nab\r\n0\r\n\r\n'), answer: chunkedAnswer() },
    { name: 'a size with 0x', given: chunked('0x2\r\nab\r\n0\r\n\r\n'), answer: chunkedAnswer() },
    { name: 'a size beyond 64 bits', given: chunked('fffffffffffffffff\r\nab'), answer: chunkedAnswer() },
    { name: 'LF behind a size', given: chunked('2\nab\r\n0\r\n\r\n'), answer: chunkedAnswer() },
    {
      name: 'more bytes than the size says',
      given: chunked('2\r\nabc\r\n0\r\n\r\n'),
      answer: `${chunkedAnswer()}2\r\nab\r\n`,
    },
    {
      name: 'a bad trailer',
      given: chunked('2\r\nab\r\n0\r\nA b: c\r\n\r\n'),
      answer: `${chunkedAnswer()}2\r\nab\r\n`,
    },
    {
      name: 'an extension without end',
      given: chunked(`2;${'x'.repeat(100_000)}\r\nab\r\n0\r\n\r\n`),
      answer: chunkedAnswer(),
    },
  ],
  'bad status line': [
    { name: 'nonsense', given: 'nonsense\r\n\r\n' },
    { name: 'no status', given: 'HTTP/1.1\r\n\r\n' },
    { name: 'letters', given: 'HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n' },
    { name: 'four digits', given: 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n' },
    { name: 'below 100', given: 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n' },
    { name: 'HTTP/2.0', given: 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n' },
    { name: 'lower case', given: 'http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
    { name: 'a request', given: GET },
    {
      name: 'without a reason is sound',
      given: 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok',
      answer: head('HTTP/1.1 200 OK', 'Content-Length: 2', ID, DATE).concat('ok'),
      kept: true,
    },
  ],
  'header with control bytes': [
    { name: 'CR', given: response('A: b\rc', 'Content-Length: 0') },
    { name: 'NUL', given: response('A: b\0c', 'Content-Length: 0') },
    { name: 'another', given: response('A: b\x1bc', 'Content-Length: 0') },
    { name: 'DEL', given: response('A: b\x7fc', 'Content-Length: 0') },
    { name: 'in the name', given: response('A\x01: b', 'Content-Length: 0') },
    { name: 'a blank in the name', given: response('A b: c', 'Content-Length: 0') },
    { name: 'space before the colon', given: `${response('Content-Length : 2')}ab` },
    { name: 'obs-fold', given: response('A: b', ' c', 'Content-Length: 0') },
    { name: 'LF', given: 'HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n' },
    { name: 'no colon', given: response('A', 'Content-Length: 0') },
    {
      name: 'bytes above 127 are sound, and pass as they are',
      given: response('A: \xe9\xc3\xa9', 'Content-Length: 0'),
      answer: head('HTTP/1.1 200 OK', 'A: \xe9\xc3\xa9', 'Content-Length: 0', ID, DATE),
      kept: true,
    },
    {
      name: 'an empty value and 3,000 fields are sound',
      given: response(...Array.from({ length: 3_000 }, (_, i) => `X-${i}:`), 'Content-Length: 0'),
      answer: head(
        'HTTP/1.1 200 OK',
        ...Array.from({ length: 3_000 }, (_, i) => `X-${i}: `),
        'Content-Length: 0',
        ID,
        DATE,
      ),
      kept: true,
    },
  ],
  'header block over the limit': [
    { name: 'one field', given: `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(11 * 1024 * 1024)}\r\n\r\n` },
    {
      name: 'many fields',
      given: response(...Array.from({ length: 2_300 }, () => `A: ${'x'.repeat(5_000)}`)),
    },
  ],
  'bytes after a complete response': [
    {
      name: 'another response',
      given: `${ok('one')}${ok('evil')}`,
      answer: head('HTTP/1.1 200 OK', 'Content-Length: 3', ID, DATE).concat('one'),
    },
    {
      name: 'one byte',
      given: `${ok('one')}x`,
      answer: head('HTTP/1.1 200 OK', 'Content-Length: 3', ID, DATE).concat('one'),
    },
    {
      name: 'behind the last chunk',
      given: chunked('3\r\none\r\n0\r\n\r\n\r\n'),
      answer: `${chunkedAnswer()}3\r\none\r\n0\r\n\r\n`,
      general: { kept: true },
    },
  ],
  'body on 204, 304, HEAD': [
    {
      name: '204',
      given: 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil',
      answer: head('HTTP/1.1 204 No Content', ID, DATE),
    },
    {
      name: '204 in chunks',
      given: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n',
      answer: head('HTTP/1.1 204 No Content', ID, DATE),
    },
    {
      name: '304',
      given: 'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\nContent-Length: 4\r\n\r\nevil',
      answer: head('HTTP/1.1 304 Not Modified', 'ETag: "e"', ID, DATE),
    },
    {
      name: 'HEAD',
      request: HEAD,
      given: `${response('Content-Length: 4')}evil`,
      answer: head('HTTP/1.1 200 OK', 'Content-Length: 4', ID, DATE),
    },
    {
      name: 'HEAD, a whole response',
      request: HEAD,
      given: `${response('Content-Length: 4')}${ok('evil')}`,
      answer: head('HTTP/1.1 200 OK', 'Content-Length: 4', ID, DATE),
    },
  ],
  '103, 102 and other 1xx': [
    {
      name: 'forwarded without framing fields and those that Connection names',
      given: `${head('HTTP/1.1 103 Early', 'Link: </a>', 'Content-Length: 5', 'Connection: X-A', 'X-A: 1')}${head('HTTP/1.1 102 P')}${head('HTTP/1.1 199 Q', 'A: b')}${ok('one')}`,
      answer: `${head('HTTP/1.1 103 Early Hints', 'Link: </a>')}${head('HTTP/1.1 102 Processing')}${head('HTTP/1.1 199 status code 199', 'A: b')}${head('HTTP/1.1 200 OK', 'Content-Length: 3', ID, DATE)}one`,
      kept: true,
    },
    {
      name: 'never to HTTP/1.0',
      request: head('GET / HTTP/1.0', HOST, 'Connection: keep-alive'),
      given: `${head('HTTP/1.1 103 Early', 'Link: </a>')}${ok('one')}`,
      answer: head('HTTP/1.1 200 OK', 'Content-Length: 3', ID, DATE, 'Connection: keep-alive').concat('one'),
      kept: true,
    },
    {
      name: '100 that nobody waits for is dropped',
      given: `${head('HTTP/1.1 100 Continue', 'A: b')}${ok('one')}`,
      answer: head('HTTP/1.1 200 OK', 'Content-Length: 3', ID, DATE).concat('one'),
      kept: true,
    },
    {
      name: 'at most 16',
      given: head('HTTP/1.1 103 Early').repeat(17) + ok('one'),
      answer: head('HTTP/1.1 103 Early Hints').repeat(16) + BAD_GATEWAY,
    },
  ],
  '101 without an upgrade asked for': [
    {
      name: 'to a WebSocket',
      given: head('HTTP/1.1 101 S', 'Connection: Upgrade', 'Upgrade: websocket'),
      answer: BAD_SWITCH,
    },
    {
      name: 'to h2c',
      given: head('HTTP/1.1 101 S', 'Connection: Upgrade', 'Upgrade: h2c'),
      answer: BAD_SWITCH,
    },
    { name: 'to nothing', given: head('HTTP/1.1 101 S'), answer: BAD_SWITCH },
    {
      name: 'with a response behind it',
      given: `${head('HTTP/1.1 101 S')}${ok('evil')}`,
      answer: BAD_SWITCH,
    },
  ],
  'Connection: close, X-Secret from the endpoint': [
    {
      name: 'nominated fields are stripped, the client keeps its connection',
      given: `${response('Connection: close, X-Secret', 'X-Secret: s', 'Keep-Alive: timeout=5', 'Proxy-Authenticate: p', 'X-CF-Proxy-Signature: q', 'Content-Length: 3')}one`,
      answer: head('HTTP/1.1 200 OK', 'Content-Length: 3', ID, DATE).concat('one'),
    },
    {
      name: 'but not those that are meant for the client',
      given: `${response('Connection: Set-Cookie, Content-Length, Content-Type, Location', 'Set-Cookie: a=b', 'Content-Type: t', 'Location: /l', 'Content-Length: 3')}one`,
      answer: head(
        'HTTP/1.1 200 OK',
        'Set-Cookie: a=b',
        'Content-Type: t',
        'Location: /l',
        'Content-Length: 3',
        ID,
        DATE,
      ).concat('one'),
      kept: true,
    },
  ],
};

describeLane('hazards of responses', (stage) => {
  for (const [row, hazards] of Object.entries(ROWS)) {
    describe(row, () => {
      for (const hazard of hazards) {
        it(hazard.name, async () => {
          const here = { ...hazard, ...(stage.which === 'general' ? hazard.general : {}) };
          const { answer = BAD_GATEWAY, kept = false } = here;
          const lane = await stage.start({ settings: { maxAttempts: 3 } });
          const first: Script = async ({ request, write }) => {
            await request();
            write(hazard.given);
            await request();
            write(ok('next'));
          };
          const backend = await stage.backend(first);
          route(lane, 'app.test', [backend, backend]);
          const client = await stage.client(lane);
          // A part of an answer cannot be taken back: the connection ends instead, so that it does not look complete.
          const cut = answer.startsWith(chunkedAnswer()) && !answer.endsWith('0\r\n\r\n');

          await client.send(hazard.request ?? GET);
          if (cut) {
            await client.reader.untilClosed();
            expect(masked(client.reader.text)).to.equal(answer);
          } else {
            await until(() => masked(client.reader.text).length >= answer.length, 'the answer');
            if (!kept) await until(() => backend.connections[0]!.reader.closed, 'the end');
            backend.script = answering(ok('next'));
            await client.send(GET);
            await until(() => client.reader.text.endsWith('next'), 'the second answer');
            expect(masked(client.reader.text)).to.equal(answer + NEXT);
          }

          await until(() => kept || backend.connections[0]!.reader.closed, 'the end');
          expect(backend.connections).to.have.length(kept || cut ? 1 : 2);
          expect(lane.reports).to.deep.equal([]);
          const failed = answer.includes('HTTP/1.1 502');
          expect(lane.counters.badGateways).to.equal(failed ? 1 : 0);
          const status = / (\d{3}) /.exec(answer.slice(answer.lastIndexOf('HTTP/1.1')))?.[1];
          expect((await recordOf(lane)).status).to.equal(Number(status));
        });
      }
    });
  }
});

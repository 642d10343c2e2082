import { expect } from 'chai';
import {
  type ParsedRequest,
  parseRequest,
  type RefusalReason,
  type RequestParse,
} from '../../../lib/http1/parse-request.ts';

const NO_LIMITS = { maxBytes: 0, maxFields: 0 };
const HOST = 'Host: app.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}`;
const POST = `POST / HTTP/1.1\r\n${HOST}`;

const read = (text: string, from = 0, limits = NO_LIMITS): RequestParse =>
  parseRequest(Buffer.from(text, 'latin1'), from, limits);

/** `400 framing`, or the kind of what was not refused. */
function verdict(parse: RequestParse): string {
  if (parse.kind === 'hand-over') return `hand-over ${parse.why}`;
  return parse.kind === 'refuse' ? `${parse.status} ${parse.reason}` : parse.kind;
}

/** What is told by the way, and tested on its own. */
type Aside = 'text' | 'fieldsAt' | 'targetIsPlain' | 'valuesArePlain';

const PLAIN: Omit<ParsedRequest, 'end' | Aside> = {
  kind: 'request',
  method: 'GET',
  target: '/',
  headers: ['Host', 'app.test'],
  body: 'none',
  length: 0,
  close: false,
  expectContinue: false,
};

const ACCEPTED: readonly { name: string; given: string; expect: Partial<ParsedRequest> }[] = [
  { name: 'a plain request', given: `${GET}\r\n`, expect: {} },
  { name: 'no field at all', given: 'GET / HTTP/1.1\r\n\r\n', expect: { headers: [] } },
  { name: 'an empty line ahead', given: `\r\n${GET}\r\n`, expect: {} },
  { name: 'an unknown method', given: `FOO / HTTP/1.1\r\n${HOST}\r\n`, expect: { method: 'FOO' } },
  { name: 'a method in lower case', given: `get / HTTP/1.1\r\n${HOST}\r\n`, expect: { method: 'get' } },
  {
    name: 'a method of all token characters',
    given: `!#$%&'*+-.^_\`|~09Az / HTTP/1.1\r\n${HOST}\r\n`,
    expect: { method: "!#$%&'*+-.^_`|~09Az" },
  },
  {
    name: 'raw UTF-8 in the target',
    given: `GET /\xc3\xa9?\xff HTTP/1.1\r\n${HOST}\r\n`,
    expect: { target: '/\xc3\xa9?\xff' },
  },
  ...['//x', '/a/../b/./c', '/%2F;x', '/?', '*', 'http://app.test/x', '/"<>\\^`{|}'].map((target) => ({
    name: `the target ${target}`,
    given: `GET ${target} HTTP/1.1\r\n${HOST}\r\n`,
    expect: { target },
  })),
  {
    name: 'case, order and duplicates of fields',
    given: 'GET / HTTP/1.1\r\nb: 1\r\nHOST: x\r\nA: 2\r\nB: 3\r\n\r\n',
    expect: { headers: ['b', '1', 'HOST', 'x', 'A', '2', 'B', '3'] },
  },
  {
    name: 'blanks around values, which are cut, and within, which are not',
    given: 'GET / HTTP/1.1\r\na:1\r\nb: \t 2 \t 3\t \r\nc:\r\nd: \t\r\n\r\n',
    expect: { headers: ['a', '1', 'b', '2 \t 3', 'c', '', 'd', ''] },
  },
  {
    name: 'all bytes that a value may hold',
    given: `GET / HTTP/1.1\r\nX: !~"\\\x80\x85\xa0\xff\r\n\r\n`,
    expect: { headers: ['X', '!~"\\\x80\x85\xa0\xff'] },
  },
  {
    name: 'a length',
    given: `${POST}content-LENGTH: 12\r\n\r\n`,
    expect: {
      method: 'POST',
      headers: ['Host', 'app.test', 'content-LENGTH', '12'],
      body: 'length',
      length: 12,
    },
  },
  {
    name: 'length 0',
    given: `${GET}Content-Length: 0\r\n\r\n`,
    expect: { headers: ['Host', 'app.test', 'Content-Length', '0'], body: 'length' },
  },
  {
    name: 'the largest length that can be counted',
    given: `${GET}Content-Length: 9007199254740991\r\n\r\n`,
    expect: {
      headers: ['Host', 'app.test', 'Content-Length', '9007199254740991'],
      body: 'length',
      length: Number.MAX_SAFE_INTEGER,
    },
  },
  {
    name: 'chunks, in any case, with a blank behind',
    given: `${GET}Transfer-Encoding: Chunked \r\n\r\n`,
    expect: { headers: ['Host', 'app.test', 'Transfer-Encoding', 'Chunked'], body: 'chunked' },
  },
  {
    name: 'Connection: close among others',
    given: `${GET}connection: x,\tClose\r\n\r\n`,
    expect: { headers: ['Host', 'app.test', 'connection', 'x,\tClose'], close: true },
  },
  {
    name: 'close in a second Connection',
    given: `${GET}Connection: keep-alive\r\nConnection: close\r\n\r\n`,
    expect: { headers: ['Host', 'app.test', 'Connection', 'keep-alive', 'Connection', 'close'], close: true },
  },
  {
    name: 'Connection: keep-alive',
    given: `${GET}Connection: Keep-Alive\r\n\r\n`,
    expect: { headers: ['Host', 'app.test', 'Connection', 'Keep-Alive'] },
  },
  {
    name: 'Expect: 100-continue',
    given: `${POST}Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n`,
    expect: {
      method: 'POST',
      headers: ['Host', 'app.test', 'Expect', '100-Continue', 'Content-Length', '1'],
      body: 'length',
      length: 1,
      expectContinue: true,
    },
  },
  {
    name: 'Upgrade that Connection does not name',
    given: `${GET}Upgrade: websocket\r\n\r\n`,
    expect: { headers: ['Host', 'app.test', 'Upgrade', 'websocket'] },
  },
  {
    name: 'Upgrade: h2c, which is never made',
    given: `${GET}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n`,
    expect: { headers: ['Host', 'app.test', 'Connection', 'Upgrade, HTTP2-Settings', 'Upgrade', 'h2c'] },
  },
  {
    name: 'names that only look like those of framing fields',
    given: 'GET / HTTP/1.1\r\nContent_Length: x\r\nContent\x7eLength: x\r\nTransfer-Encodin: x\r\n\r\n',
    expect: { headers: ['Content_Length', 'x', 'Content~Length', 'x', 'Transfer-Encodin', 'x'] },
  },
];

/** Sound, but for the general lane. */
const HANDED_OVER: readonly { name: string; given: string; expect: string }[] = [
  { name: 'HTTP/1.0', given: 'GET / HTTP/1.0\r\n\r\n', expect: 'hand-over http10' },
  {
    name: 'HTTP/1.0 with a coding, which the general lane refuses',
    given: 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
    expect: 'hand-over http10',
  },
  {
    name: 'a WebSocket',
    given: `${GET}Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    expect: 'hand-over upgrade',
  },
  {
    name: 'another protocol',
    given: `${POST}Upgrade: tcp\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n`,
    expect: 'hand-over upgrade',
  },
];

const REFUSED: readonly { name: string; given: string; expect: string }[] = [
  // Start line (RFC 9112 §3).
  { name: 'two spaces before the target', given: 'GET  / HTTP/1.1\r\n', expect: '400 request line' },
  { name: 'two spaces behind the target', given: 'GET /  HTTP/1.1\r\n', expect: '400 version' },
  { name: 'a space ahead of the method', given: ' GET / HTTP/1.1\r\n', expect: '400 request line' },
  { name: 'a space behind the version', given: 'GET / HTTP/1.1 \r\n', expect: '400 request line' },
  { name: 'tabs for spaces', given: 'GET\t/\tHTTP/1.1\r\n', expect: '400 request line' },
  { name: 'no method', given: ' / HTTP/1.1\r\n', expect: '400 request line' },
  { name: 'a method that is no token', given: 'G@T / HTTP/1.1\r\n', expect: '400 request line' },
  {
    name: 'a byte of another character set in the method',
    given: 'G\xc3 / HTTP/1.1\r\n',
    expect: '400 request line',
  },
  { name: 'no target', given: 'GET HTTP/1.1\r\n', expect: '400 line end' },
  { name: 'no version, as HTTP/0.9', given: 'GET /\r\n', expect: '400 line end' },
  { name: 'a space in the target', given: 'GET /a b HTTP/1.1\r\n', expect: '400 version' },
  ...['\0', '\x01', '\t', '\x0b', '\x1f', '\x7f'].map((byte) => ({
    name: `byte ${JSON.stringify(byte)} in the target`,
    given: `GET /a${byte}b HTTP/1.1\r\n`,
    expect: '400 request line',
  })),
  { name: 'two empty lines ahead', given: `\r\n\r\n${GET}\r\n`, expect: '400 line end' },
  { name: 'LF ahead', given: `\n${GET}\r\n`, expect: '400 line end' },
  { name: 'CR ahead', given: `\r${GET}\r\n`, expect: '400 line end' },
  { name: 'a TLS handshake', given: '\x16\x03\x01\x02\x00', expect: '400 request line' },
  { name: 'the HTTP/2 preface', given: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', expect: '505 major version' },
  // Versions.
  { name: 'HTTP/2.0', given: 'GET / HTTP/2.0\r\n', expect: '505 major version' },
  { name: 'HTTP/0.9', given: 'GET / HTTP/0.9\r\n', expect: '505 major version' },
  { name: 'HTTP/1.2', given: 'GET / HTTP/1.2\r\n', expect: '400 minor version' },
  { name: 'HTTP/1.9', given: 'GET / HTTP/1.9\r\n', expect: '400 minor version' },
  { name: 'a version in lower case', given: 'GET / http/1.1\r\n', expect: '400 version' },
  ...[
    'HTTP/1',
    'HTTP/1.',
    'HTTP/.1',
    'HTTP/a.1',
    'HTTP 1.1',
    'HTTPS/1.1',
    'HTP/1.1',
    'ICE/1.0',
    'HTTP/11.1',
  ].map((version) => ({ name: version, given: `GET / ${version}\r\n\r\n`, expect: '400 version' })),
  { name: 'HTTP/1.10', given: 'GET / HTTP/1.10\r\n\r\n', expect: '400 request line' },
  // Line ends (RFC 9112 §2.2).
  { name: 'bare LF behind the request line', given: `GET / HTTP/1.1\n${HOST}\r\n`, expect: '400 line end' },
  { name: 'bare CR behind the request line', given: `GET / HTTP/1.1\r${HOST}\r\n`, expect: '400 line end' },
  { name: 'bare LF behind a field', given: `${GET}A: b\nC: d\r\n\r\n`, expect: '400 line end' },
  { name: 'bare CR in a value', given: `${GET}A: b\rc\r\n\r\n`, expect: '400 line end' },
  { name: 'CR CR LF', given: `${GET}A: b\r\r\n\r\n`, expect: '400 line end' },
  { name: 'LF for the empty line', given: `${GET}\n`, expect: '400 line end' },
  { name: 'CRLF CR X', given: `${GET}\r\rX`, expect: '400 line end' },
  { name: 'LF in a name', given: `${GET}A\nB: c\r\n\r\n`, expect: '400 line end' },
  { name: 'a line without a colon', given: `${GET}nonsense\r\n\r\n`, expect: '400 line end' },
  // Fields (RFC 9112 §5).
  { name: 'a space before the colon', given: 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', expect: '400 field name' },
  { name: 'a tab before the colon', given: 'GET / HTTP/1.1\r\nHost\t: x\r\n\r\n', expect: '400 field name' },
  { name: 'no name', given: `${GET}: x\r\n\r\n`, expect: '400 field name' },
  { name: 'a space in a name', given: `${GET}A b: c\r\n\r\n`, expect: '400 field name' },
  ...['"', '(', ',', '/', ';', '=', '@', '[', '\\', '{', '\x7f', '\x80', '\xe9', '\0'].map((char) => ({
    name: `${JSON.stringify(char)} in a name`,
    given: `${GET}A${char}b: c\r\n\r\n`,
    expect: '400 field name',
  })),
  { name: 'obs-fold', given: `${GET}A: b\r\n c\r\n\r\n`, expect: '400 folded field' },
  { name: 'obs-fold by a tab', given: `${GET}A: b\r\n\tc\r\n\r\n`, expect: '400 folded field' },
  {
    name: 'a blank ahead of the first field',
    given: `GET / HTTP/1.1\r\n ${HOST}\r\n`,
    expect: '400 folded field',
  },
  ...['\0', '\x01', '\x08', '\x0b', '\x0c', '\x1b', '\x7f'].map((byte) => ({
    name: `byte ${JSON.stringify(byte)} in a value`,
    given: `${GET}A: b${byte}c\r\n\r\n`,
    expect: '400 field value',
  })),
  // Framing (RFC 9112 §6).
  ...[
    '+2',
    '-1',
    '0x2',
    '2, 2',
    '2 2',
    '2,',
    '',
    '2.0',
    '2\xa0',
    '1e3',
    '18446744073709551616',
    '9007199254740992',
  ].map((length) => ({
    name: `Content-Length ${JSON.stringify(length)}`,
    given: `${POST}Content-Length: ${length}\r\n\r\n`,
    expect: '400 framing',
  })),
  ...['1', '2'].map((second) => ({
    name: `Content-Length 1 and ${second}`,
    given: `${POST}Content-Length: 1\r\nContent-length: ${second}\r\n\r\n`,
    expect: '400 framing',
  })),
  {
    name: 'a length and chunks',
    given: `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    expect: '400 framing',
  },
  {
    name: 'chunks and a length',
    given: `${POST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n`,
    expect: '400 framing',
  },
  ...[
    '',
    ',chunked',
    'chunked,',
    'chunked;p',
    'chunked, chunked',
    ' , chunked',
    'chun ked',
    '"chunked"',
    'chunked\xa0',
  ].map((coding) => ({
    name: `Transfer-Encoding ${JSON.stringify(coding)}`,
    given: `${POST}Transfer-Encoding: ${coding}\r\n\r\n`,
    expect: '400 framing',
  })),
  ...['chunked\t', 'chunked \t', 'chunked\t '].map((coding) => ({
    name: `Transfer-Encoding ${JSON.stringify(coding)}, which node reads as another coding`,
    given: `${POST}Transfer-Encoding: ${coding}\r\n\r\n`,
    expect: '400 framing',
  })),
  {
    name: 'Transfer-Encoding with VT',
    given: `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n`,
    expect: '400 field value',
  },
  {
    name: 'Transfer-Encoding twice',
    given: `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    expect: '400 framing',
  },
  ...['gzip, chunked', 'xchunked', 'gzip', 'identity', 'chunked, gzip'].map((coding) => ({
    name: `Transfer-Encoding ${coding}`,
    given: `${POST}Transfer-Encoding: ${coding}\r\n\r\n`,
    expect: '501 transfer coding',
  })),
  {
    name: 'a bad length in an upgrade',
    given: `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: x\r\n\r\n`,
    expect: '400 framing',
  },
  ...['y 100-continue', '100-continue, x', '100-continue;q=1', '200-ok'].map((value) => ({
    name: `Expect: ${value}`,
    given: `${POST}Expect: ${value}\r\n\r\n`,
    expect: '417 expectation',
  })),
];

/** Status lines of http.md 1, by what was wrong. */
const ANSWERS: Partial<Record<RefusalReason, string>> = {
  'major version': 'HTTP Version Not Supported: unsupported protocol version',
  'field name': 'Bad Request: invalid header name',
  'transfer coding': 'Not Implemented',
  expectation: 'Expectation Failed',
};

describe('parseRequest', () => {
  for (const { name, given, expect: expected } of ACCEPTED) {
    it(`accepts ${name}`, () => {
      expect(read(`${given}rest`)).to.deep.include({ ...PLAIN, end: given.length, ...expected });
    });
  }

  for (const { name, given, expect: expected } of HANDED_OVER) {
    it(`hands over ${name}`, () => expect(verdict(read(given))).to.equal(expected));
  }

  for (const { name, given, expect: expected } of REFUSED) {
    it(`refuses ${name}`, () => expect(verdict(read(given))).to.equal(expected));
  }

  it('waits for the rest of a sound head at any offset', () => {
    for (const { given } of [...ACCEPTED, ...HANDED_OVER]) {
      for (let size = 0; size < given.length; size += 1) {
        expect(verdict(read(given.slice(0, size))), JSON.stringify(given.slice(0, size))).to.equal(
          'incomplete',
        );
      }
    }
  });

  it('refuses a head at any offset as it does when all of it has come, or waits', () => {
    for (const { name, given, expect: expected } of REFUSED) {
      const verdicts = Array.from(given, (_, i) => verdict(read(given.slice(0, i))));
      const first = verdicts.indexOf(expected);
      const until = first === -1 ? verdicts.length : first;
      for (const early of verdicts.slice(0, until)) expect(early, name).to.equal('incomplete');
      for (const late of verdicts.slice(until)) expect(late, name).to.equal(expected);
    }
  });

  it('does not wait for the end of what is wrong already', () => {
    for (const given of [
      '\x16',
      '\n',
      ' ',
      'GET  ',
      'GET /\n',
      'GET / X',
      'GET / HTTP/2.0\r\n',
      `${GET} `,
      `${GET}A b`,
    ]) {
      expect(read(given).kind, JSON.stringify(given)).to.equal('refuse');
    }
  });

  it('begins where it is told, and gives offsets into the same bytes', () => {
    const before = 'body of the request before';
    expect(read(`${before}${GET}\r\nnext`, before.length)).to.deep.include({
      method: 'GET',
      end: before.length + GET.length + 2,
    });
  });

  describe('limits', () => {
    const head = `${GET}A: b\r\n\r\n`;
    it('let a head through that just fits, whatever follows it', () => {
      const limits = { maxBytes: head.length, maxFields: 2 };
      expect(read(head, 0, limits).kind).to.equal('request');
      expect(read(`${head}${'x'.repeat(100)}`, 0, limits).kind).to.equal('request');
      expect(read(`\r\n${head}`, 0, limits).kind).to.equal('request');
    });

    it('refuse a head that is one byte too long as soon as that byte has come', () => {
      const limits = { maxBytes: head.length - 1, maxFields: 0 };
      expect(verdict(read(head.slice(0, -1), 0, limits))).to.equal('incomplete');
      expect(verdict(read(head, 0, limits))).to.equal('431 head size');
    });

    it('refuse a line without an end', () => {
      const limits = { maxBytes: 100, maxFields: 0 };
      for (const start of ['G', 'GET /', 'GET / HTTP/1.1\r\nA', 'GET / HTTP/1.1\r\nA: ']) {
        expect(verdict(read(start + 'x'.repeat(100), 0, limits)), start).to.equal('431 head size');
      }
    });

    it('name what is wrong within them first', () => {
      expect(verdict(read(`GET / HTTP/1.1\n${'x'.repeat(100)}`, 0, { maxBytes: 50, maxFields: 0 }))).to.equal(
        '400 line end',
      );
    });

    it('refuse one field too many without waiting for the rest', () => {
      const limits = { maxBytes: 0, maxFields: 2 };
      expect(verdict(read(`${GET}A: b\r\nC: d\r\n`, 0, limits))).to.equal('431 field count');
    });

    it('are none when they are 0: thousands of fields, half a megabyte', () => {
      const fields = Array.from({ length: 20_000 }, (_, i) => `X-Field-${i}: ${'v'.repeat(20)}\r\n`).join('');
      const parsed = read(`${GET}${fields}\r\n`);
      expect(parsed.kind === 'request' && parsed.headers.slice(-2)).to.deep.equal([
        'X-Field-19999',
        'v'.repeat(20),
      ]);
    });
  });

  it('reads head after head with the same result, whatever the size of the one before', () => {
    const long = `${GET}${'A: b\r\n'.repeat(500)}\r\n`;
    const before = read(`${GET}\r\n`);
    read(long);
    read(`${long.slice(0, -10)}\n`);
    expect(read(`${GET}\r\n`)).to.deep.equal(before);
  });

  it('has for each refusal the answer that the contract gives', () => {
    for (const { given } of REFUSED) {
      const parsed = read(given);
      if (parsed.kind !== 'refuse') throw new Error(`not refused: ${given}`);
      expect(parsed.answer.status).to.equal(parsed.status);
      expect(parsed.answer.close).to.equal(true);
      expect(parsed.answer.reason, parsed.reason).to.equal(ANSWERS[parsed.reason] ?? 'Bad Request');
    }
  });
});

import { expect } from 'chai';
import { type ParsedResponse, parseResponse, type ResponseParse } from '../../../lib/http1/parse-response.ts';

const NO_LIMITS = { maxBytes: 0, maxFields: 0 };
const OK = 'HTTP/1.1 200 OK\r\n';

const read = (text: string, method = 'GET', limits = NO_LIMITS, from = 0): ResponseParse =>
  parseResponse(Buffer.from(text, 'latin1'), from, method, limits);

const verdict = (parse: ResponseParse): string => (parse.kind === 'bad' ? parse.reason : parse.kind);

const PLAIN: Omit<ParsedResponse, 'end' | 'text' | 'fieldsAt'> = {
  kind: 'response',
  status: 200,
  reason: 'OK',
  versionMinor: 1,
  headers: [],
  body: 'close',
  length: 0,
  keepAlive: false,
  keepAliveTimeoutMs: undefined,
};

interface Accepted {
  readonly name: string;
  readonly given: string;
  readonly method?: string;
  readonly expect: Partial<ParsedResponse>;
}

const ACCEPTED: readonly Accepted[] = [
  { name: 'a response that ends with its connection', given: `${OK}\r\n`, expect: {} },
  {
    name: 'a length',
    given: `${OK}Content-Length: 5\r\n\r\n`,
    expect: { headers: ['Content-Length', '5'], body: 'length', length: 5, keepAlive: true },
  },
  {
    name: 'length 0',
    given: `${OK}content-length:0\r\n\r\n`,
    expect: { headers: ['content-length', '0'], body: 'length', keepAlive: true },
  },
  {
    name: 'chunks',
    given: `${OK}Transfer-Encoding: CHUNKED\r\n\r\n`,
    expect: { headers: ['Transfer-Encoding', 'CHUNKED'], body: 'chunked', keepAlive: true },
  },
  ...[204, 304, 100, 102, 103, 101, 199].map((status) => ({
    name: `${status}, without a body`,
    given: `HTTP/1.1 ${status} OK\r\nContent-Length: 5\r\n\r\n`,
    expect: { status, headers: ['Content-Length', '5'], body: 'none' as const, keepAlive: true },
  })),
  {
    name: '204 without fields',
    given: 'HTTP/1.1 204 OK\r\n\r\n',
    expect: { status: 204, body: 'none', keepAlive: true },
  },
  {
    name: '304 with chunks announced',
    given: 'HTTP/1.1 304 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    expect: { status: 304, headers: ['Transfer-Encoding', 'chunked'], body: 'none', keepAlive: true },
  },
  {
    name: 'an answer to HEAD with a length',
    method: 'HEAD',
    given: `${OK}Content-Length: 5\r\n\r\n`,
    expect: { headers: ['Content-Length', '5'], body: 'none', keepAlive: true },
  },
  {
    name: 'an answer to HEAD with chunks announced',
    method: 'HEAD',
    given: `${OK}Transfer-Encoding: chunked\r\n\r\n`,
    expect: { headers: ['Transfer-Encoding', 'chunked'], body: 'none', keepAlive: true },
  },
  {
    name: 'an answer to HEAD without framing',
    method: 'HEAD',
    given: `${OK}\r\n`,
    expect: { body: 'none', keepAlive: true },
  },
  ...[100, 418, 599, 999].map((status) => ({
    name: `status ${status}`,
    given: `HTTP/1.1 ${status} OK\r\nContent-Length: 0\r\n\r\n`,
    expect: {
      status,
      headers: ['Content-Length', '0'],
      body: status < 200 ? ('none' as const) : ('length' as const),
      keepAlive: true,
    },
  })),
  { name: 'an empty reason', given: 'HTTP/1.1 200 \r\n\r\n', expect: { reason: '' } },
  { name: 'no reason at all', given: 'HTTP/1.1 200\r\n\r\n', expect: { reason: '' } },
  { name: 'a long reason', given: 'HTTP/1.1 200 a \t b\xe9\r\n\r\n', expect: { reason: 'a \t b\xe9' } },
  {
    name: 'Connection: close',
    given: `${OK}Connection: X-Secret, close\r\nContent-Length: 5\r\n\r\n`,
    expect: {
      headers: ['Connection', 'X-Secret, close', 'Content-Length', '5'],
      body: 'length',
      length: 5,
    },
  },
  {
    name: 'HTTP/1.0, which closes',
    given: 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n',
    expect: { versionMinor: 0, headers: ['Content-Length', '5'], body: 'length', length: 5 },
  },
  {
    name: 'HTTP/1.0 that says it does not',
    given: 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\n',
    expect: {
      versionMinor: 0,
      headers: ['Connection', 'Keep-Alive', 'Content-Length', '5'],
      body: 'length',
      length: 5,
      keepAlive: true,
    },
  },
  ...[
    ['timeout=5', 5_000],
    ['timeout=15, max=100', 15_000],
    ['max=3,Timeout=120', 120_000],
    ['timeout=0', 0],
    ['timeout=x', undefined],
    ['xtimeout=5', undefined],
    ['timeout=5x', undefined],
    ['timeout=9999999999', undefined],
    ['', undefined],
  ].map(([value, expected]) => ({
    name: `Keep-Alive: ${value}`,
    given: `${OK}Content-Length: 0\r\nKeep-Alive: ${value}\r\n\r\n`,
    expect: {
      headers: ['Content-Length', '0', 'Keep-Alive', value as string],
      body: 'length' as const,
      keepAlive: true,
      keepAliveTimeoutMs: expected as number | undefined,
    },
  })),
];

const BAD: readonly { name: string; given: string; method?: string; expect: string }[] = [
  { name: 'nonsense', given: 'nonsense', expect: 'malformed HTTP version' },
  { name: 'an empty line ahead', given: `\r\n${OK}`, expect: 'malformed HTTP version' },
  { name: 'a request', given: 'GET / HTTP/1.1\r\n', expect: 'malformed HTTP version' },
  ...['HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'http/1.1', 'HTTP/1a', 'ICY'].map((version) => ({
    name: version,
    given: `${version} 200 OK\r\n\r\n`,
    expect: 'malformed HTTP version',
  })),
  ...['HTTP/1.10', 'HTTP/1.1\t', 'HTTP/1.1 '].map((start) => ({
    name: JSON.stringify(start),
    given: `${start} 200 OK\r\n\r\n`,
    expect: 'malformed status line',
  })),
  ...['099', '000', 'abc', '20', '2', '2000', '+20', '2 0', '-20'].map((status) => ({
    name: `status ${status}`,
    given: `HTTP/1.1 ${status} OK\r\n\r\n`,
    expect: 'malformed status line',
  })),
  {
    name: 'a status without a space behind',
    given: 'HTTP/1.1 200OK\r\n\r\n',
    expect: 'malformed status line',
  },
  { name: 'a tab behind the status', given: 'HTTP/1.1 200\tOK\r\n\r\n', expect: 'malformed status line' },
  { name: 'NUL in the reason', given: 'HTTP/1.1 200 O\0K\r\n\r\n', expect: 'malformed status line' },
  { name: 'LF behind the status line', given: 'HTTP/1.1 200 OK\n\r\n', expect: 'malformed status line' },
  { name: 'NUL for the CR', given: 'HTTP/1.1 200 OK\0\n\r\n', expect: 'malformed status line' },
  { name: 'X for the CR', given: 'HTTP/1.1 200X\n\r\n', expect: 'malformed status line' },
  { name: 'CR in the reason', given: 'HTTP/1.1 200 O\rK\r\n\r\n', expect: 'malformed status line' },
  { name: 'a control byte in a value', given: `${OK}X: a\x01b\r\n\r\n`, expect: 'control byte in a header' },
  { name: 'NUL in a value', given: `${OK}X: a\0b\r\n\r\n`, expect: 'control byte in a header' },
  { name: 'a bare CR in a value', given: `${OK}X: a\rb\r\n\r\n`, expect: 'bare CR or LF' },
  { name: 'a bare LF behind a value', given: `${OK}X: a\nY: b\r\n\r\n`, expect: 'bare CR or LF' },
  { name: 'a blank in a name', given: `${OK}X y: a\r\n\r\n`, expect: 'malformed header name' },
  { name: 'obs-fold', given: `${OK}X: a\r\n b\r\n\r\n`, expect: 'folded header' },
  ...['2', '3'].map((second) => ({
    name: `lengths 2 and ${second}`,
    given: `${OK}Content-Length: 2\r\nContent-Length: ${second}\r\n\r\n`,
    expect: 'bad Content-Length',
  })),
  ...['', 'x', '+1', '-1', '1, 1', '99999999999999999999'].map((length) => ({
    name: `length ${JSON.stringify(length)}`,
    given: `${OK}Content-Length: ${length}\r\n\r\n`,
    expect: 'bad Content-Length',
  })),
  {
    name: 'a bad length of an answer to HEAD',
    method: 'HEAD',
    given: `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    expect: 'bad Content-Length',
  },
  {
    name: 'a bad length of a 304',
    given: 'HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n',
    expect: 'bad Content-Length',
  },
  {
    name: 'a length and chunks',
    given: `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`,
    expect: 'both Content-Length and Transfer-Encoding',
  },
  {
    name: 'a length and chunks in a 204',
    given: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n',
    expect: 'both Content-Length and Transfer-Encoding',
  },
  {
    name: 'chunks in HTTP/1.0',
    given: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    expect: 'Transfer-Encoding in HTTP/1.0',
  },
  ...['gzip, chunked', 'gzip', 'identity', ',chunked', 'chunked, chunked', '', 'chunked\t'].map((coding) => ({
    name: `Transfer-Encoding ${JSON.stringify(coding)}`,
    given: `${OK}Transfer-Encoding: ${coding}\r\n\r\n`,
    expect: 'unsupported transfer encoding',
  })),
  {
    name: 'Transfer-Encoding twice',
    given: `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    expect: 'unsupported transfer encoding',
  },
];

describe('parseResponse', () => {
  for (const { name, given, method, expect: expected } of ACCEPTED) {
    it(`accepts ${name}`, () => {
      expect(read(`${given}rest`, method)).to.deep.include({ ...PLAIN, end: given.length, ...expected });
    });
  }

  for (const { name, given, method, expect: expected } of BAD) {
    it(`finds bad ${name}`, () => expect(verdict(read(given, method))).to.equal(expected));
  }

  it('waits for the rest of a sound head at any offset', () => {
    for (const { given, method } of ACCEPTED) {
      for (let size = 0; size < given.length; size += 1) {
        expect(verdict(read(given.slice(0, size), method)), given.slice(0, size)).to.equal('incomplete');
      }
    }
  });

  it('finds a head bad at any offset as it does when all of it has come, or waits', () => {
    for (const { name, given, method, expect: expected } of BAD) {
      const verdicts = Array.from(given, (_, i) => verdict(read(given.slice(0, i), method)));
      const first = verdicts.indexOf(expected);
      const until = first === -1 ? verdicts.length : first;
      for (const early of verdicts.slice(0, until)) expect(early, name).to.equal('incomplete');
      for (const late of verdicts.slice(until)) expect(late, name).to.equal(expected);
    }
  });

  it('begins where it is told: behind an interim response', () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    const last = `${OK}Content-Length: 2\r\n\r\n`;
    const first = read(interim + last);
    expect(first).to.include({ status: 103, end: interim.length, body: 'none' });
    expect(read(interim + last, 'GET', NO_LIMITS, interim.length)).to.include({
      status: 200,
      end: interim.length + last.length,
    });
  });

  it('holds a head to its limits', () => {
    const head = `${OK}A: b\r\nC: d\r\n\r\n`;
    const fits = { maxBytes: head.length, maxFields: 2 };
    expect(read(`${head}body`, 'GET', fits).kind).to.equal('response');
    for (const limits of [
      { maxBytes: head.length - 1, maxFields: 0 },
      { maxBytes: 0, maxFields: 1 },
    ]) {
      expect(verdict(read(head, 'GET', limits))).to.equal('response headers exceeded limit');
    }
    for (const start of ['HTTP/1.1 200 ', `${OK}A`, `${OK}A: `]) {
      const verdictOfLong = verdict(read(start + 'x'.repeat(100), 'GET', { maxBytes: 90, maxFields: 0 }));
      expect(verdictOfLong).to.equal('response headers exceeded limit');
    }
  });
});

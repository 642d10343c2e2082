import { expect } from 'chai';
import { refusal } from '../support/exact-bytes.ts';
import { describeLane, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const BAD = refusal('400 Bad Request');
const HOST = 'Host: app.test\r\n';
const POST = `POST / HTTP/1.1\r\n${HOST}`;

/** Heads that are refused before any handler (hazards 1; http.md 1), with the exact answer. */
const HEADS: readonly { readonly name: string; readonly given: string; readonly expect: string }[] = [
  {
    name: 'no Host',
    given: 'GET / HTTP/1.1\r\n\r\n',
    expect: refusal('400 Bad Request: missing required Host header'),
  },
  { name: 'two Hosts', given: `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, expect: BAD },
  ...['a@b', 'a b', 'a/b', 'a#b', 'a?b', 'app.test:99999', 'app.test:x', '\xe9'].map((host) => ({
    name: `Host ${host}`,
    given: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    expect: refusal('400 Bad Request: malformed Host header'),
  })),
  {
    name: 'space before the colon',
    given: 'GET / HTTP/1.1\r\nHost : app.test\r\n\r\n',
    expect: refusal('400 Bad Request: invalid header name'),
  },
  {
    name: 'space in a header name',
    given: `GET / HTTP/1.1\r\n${HOST}A b: c\r\n\r\n`,
    expect: refusal('400 Bad Request: invalid header name'),
  },
  { name: 'obs-fold', given: `GET / HTTP/1.1\r\n${HOST}A: b\r\n c\r\n\r\n`, expect: BAD },
  { name: 'bare LF', given: `GET / HTTP/1.1\n${HOST}\r\n`, expect: BAD },
  { name: 'bare LF after a header', given: 'GET / HTTP/1.1\r\nHost: app.test\nA: b\r\n\r\n', expect: BAD },
  { name: 'bare CR in a value', given: `GET / HTTP/1.1\r\n${HOST}A: b\rc\r\n\r\n`, expect: BAD },
  { name: 'NUL in a value', given: `GET / HTTP/1.1\r\n${HOST}A: b\0c\r\n\r\n`, expect: BAD },
  { name: 'CRLF CR X', given: `GET / HTTP/1.1\r\n${HOST}\r\rX`, expect: BAD },
  { name: 'space in the target', given: `GET /a b HTTP/1.1\r\n${HOST}\r\n`, expect: BAD },
  { name: 'control byte in the target', given: `GET /a\x01b HTTP/1.1\r\n${HOST}\r\n`, expect: BAD },
  { name: 'fragment in the target', given: `GET /a#b HTTP/1.1\r\n${HOST}\r\n`, expect: BAD },
  { name: 'bad escape in the path', given: `GET /%zz HTTP/1.1\r\n${HOST}\r\n`, expect: BAD },
  { name: 'relative target', given: `GET a/b HTTP/1.1\r\n${HOST}\r\n`, expect: BAD },
  { name: 'GET *', given: `GET * HTTP/1.1\r\n${HOST}\r\n`, expect: BAD },
  { name: 'ftp target', given: `GET ftp://app.test/ HTTP/1.1\r\n${HOST}\r\n`, expect: BAD },
  { name: 'CONNECT', given: `CONNECT app.test:443 HTTP/1.1\r\n${HOST}\r\n`, expect: BAD },
  {
    name: 'HTTP/2.0',
    given: `GET / HTTP/2.0\r\n${HOST}\r\n`,
    expect: refusal('505 HTTP Version Not Supported: unsupported protocol version'),
  },
  {
    name: 'HTTP/0.9',
    given: `GET / HTTP/0.9\r\n${HOST}\r\n`,
    expect: refusal('505 HTTP Version Not Supported: unsupported protocol version'),
  },
  {
    name: 'HTTP/3.0',
    given: `GET / HTTP/3.0\r\n${HOST}\r\n`,
    expect: refusal('505 HTTP Version Not Supported: unsupported protocol version'),
  },
  { name: 'HTTP/1.2', given: `GET / HTTP/1.2\r\n${HOST}\r\n`, expect: 'HTTP/1.0 400 Bad Request\r\n\r\n' },
  ...['HTTP/11.1', 'HTTP/1.10', 'HTTP/1.01', 'HTTP/01.1', 'HTTP/20.0', 'HTTP/1', 'HTTP/1.', 'HTTP/1.x'].map(
    (version) => ({
      name: `version ${version}`,
      given: `GET / ${version}\r\n${HOST}\r\n`,
      expect: BAD,
    }),
  ),
  { name: 'lower-case version', given: `GET / http/1.1\r\n${HOST}\r\n`, expect: BAD },
  { name: 'nonsense', given: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n', expect: BAD },
  {
    name: 'two different lengths',
    given: `${POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    expect: BAD,
  },
  { name: 'two equal lengths', given: `${POST}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, expect: BAD },
  ...['+2', '0x2', '2, 2', '2 2', '-1', '', '18446744073709551616', '99999999999999999999999'].map(
    (length) => ({
      name: `Content-Length ${JSON.stringify(length)}`,
      given: `${POST}Content-Length: ${length}\r\n\r\n`,
      expect: BAD,
    }),
  ),
  {
    name: 'length and chunked',
    given: `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    expect: BAD,
  },
  {
    name: 'chunked and length',
    given: `${POST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    expect: BAD,
  },
  {
    name: 'chunked in HTTP/1.0',
    given: `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    expect: BAD,
  },
  ...[',chunked', 'chunked;p', 'chunked, chunked', '\x0bchunked', ' , chunked', 'chunked,'].map((coding) => ({
    name: `Transfer-Encoding ${JSON.stringify(coding)}`,
    given: `${POST}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`,
    expect: BAD,
  })),
  {
    name: 'Transfer-Encoding twice',
    given: `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    expect: BAD,
  },
  ...['gzip, chunked', 'xchunked', 'gzip', 'identity', 'chunked, gzip'].map((coding) => ({
    name: `Transfer-Encoding ${coding}`,
    given: `${POST}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`,
    expect: refusal('501 Not Implemented', 'Unsupported transfer encoding'),
  })),
];

/** Bodies that turn out to be no HTTP after the head was sound. */
const BODIES: readonly { readonly name: string; readonly given: string }[] = [
  { name: 'sign in a chunk size', given: '+3\r\nabc\r\n0\r\n\r\n' },
  { name: 'negative chunk size', given: '-3\r\nabc\r\n0\r\n\r\n' },
  { name: '0x in a chunk size', given: '0x3\r\nabc\r\n0\r\n\r\n' },
  { name: 'space before a chunk size', given: ' 3\r\nabc\r\n0\r\n\r\n' },
  { name: 'chunk size beyond 64 bits', given: 'fffffffffffffffff\r\nabc\r\n0\r\n\r\n' },
  { name: 'chunk size ended by LF', given: '3\nabc\r\n0\r\n\r\n' },
  { name: 'bare LF in an extension', given: '3;a\nb\r\nabc\r\n0\r\n\r\n' },
  { name: 'extension without an end', given: `3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n` },
  { name: 'chunk longer than its size', given: '3\r\nabcd\r\n0\r\n\r\n' },
  { name: 'bad trailer', given: '3\r\nabc\r\n0\r\nA b: c\r\n\r\n' },
];

describeLane('refusals', (stage) => {
  for (const { name, given, expect: expected } of HEADS) {
    it(`refuses ${name}, closes, and tells no endpoint`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(ok()));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      await client.send(given);
      const answer = (await client.reader.toEnd()).toString('latin1');

      expect(answer).to.equal(expected);
      expect(backend.connections).to.have.length(0);
      expect(lane.records).to.have.length(0);
    });
  }

  for (const { name, given } of BODIES) {
    it(`refuses a body with ${name}, and does not blame the endpoint`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(ok()));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      await client.send(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
      await until(() => backend.received.includes('\r\n\r\n'), 'the head at the endpoint');
      await client.send(given);
      const answer = (await client.reader.toEnd()).toString('latin1');

      expect(answer).to.match(/^HTTP\/1\.1 400 Bad Request(: invalid header name)?\r\n/);
      expect(answer).to.include('\r\nConnection: close\r\n');
      await until(
        () => backend.connections.every((connection) => connection.reader.closed),
        'the cancellation',
      );
      expect(lane.reports).to.deep.equal([]);
      expect(lane.records.map((record) => record.status)).to.deep.equal([400]);
    });
  }

  it('ignores one empty line ahead of a request', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask(`\r\nGET / HTTP/1.1\r\n${HOST}\r\n`);

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
  });

  it('answers OPTIONS * by itself and keeps the connection', async () => {
    const lane = await stage.start();
    const client = await stage.client(lane);

    for (let i = 0; i < 2; i += 1) {
      const answer = await client.ask(`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`);
      expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
      expect(answer.header('content-length')).to.equal('0');
    }
    expect(lane.records).to.have.length(0);
  });

  it('refuses TRACE with 405', async () => {
    const lane = await stage.start();
    const client = await stage.client(lane);

    await client.send(`TRACE / HTTP/1.1\r\n${HOST}Cookie: secret\r\n\r\n`);
    const answer = (await client.reader.toEnd()).toString();

    expect(answer).to.match(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);
    expect(answer).not.to.include('secret');
  });

  for (const value of ['y 100-continue', '100-continue, x', '200-ok']) {
    it(`refuses Expect: ${value} with 417`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(ok()));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      await client.send(`${POST}Expect: ${value}\r\nContent-Length: 3\r\n\r\n`);
      const answer = (await client.reader.toEnd()).toString();

      expect(answer).to.match(/^HTTP\/1\.1 417 Expectation Failed\r\n/);
      expect(answer).to.match(/\r\nDate: [^\r]+ GMT\r\n/);
      expect(answer).to.include('\r\nConnection: close\r\n');
      expect(backend.connections).to.have.length(0);
    });
  }

  it('answers the requests ahead of a malformed one first', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\nnonsense\r\n\r\n`);

    expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');
    expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');
    expect((await client.reader.toEnd()).toString()).to.equal(BAD);
  });
});

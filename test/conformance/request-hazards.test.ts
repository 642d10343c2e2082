import { expect } from 'chai';
import { added, ENDPOINT_FIELDS, ENDPOINT_LINES, head, masked, refusal } from '../support/exact-bytes.ts';
import { describeLane, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

/*
 * How heads and framing of requests go wrong, one row of the list of hazards after the other: what is sent, with a
 * second request right behind it, and the exact bytes that reach endpoint and client. Whoever takes the end of a
 * message for another place than we do shows in the second request.
 */

interface Outcome {
  /** What the endpoint gets; undefined = nothing, the request is refused. */
  readonly reaches: string | undefined;
  /** What the client gets; the answer of the endpoint unless said otherwise. */
  readonly answer?: string;
  /** Whether that answer ends the connection, though the request was not refused: the second one is not served. */
  readonly last?: true;
}

interface Hazard extends Outcome {
  readonly name: string;
  readonly given: string;
  /** Where node's parser decides otherwise; each has its reason in docs/lanes.md. */
  readonly general?: Outcome;
}

const HOST = 'Host: app.test';
const NEXT = head('GET /next HTTP/1.1', HOST, 'Connection: close');
const NEXT_SENT = head('GET /next HTTP/1.1', HOST, ...added());
const OK = head('HTTP/1.1 200 OK', 'Content-Length: 2', 'X-Vcap-Request-Id: <id>', 'Date: <date>').concat(
  'ok',
);
const LAST_OK = head(
  'HTTP/1.1 200 OK',
  'Content-Length: 2',
  'X-Vcap-Request-Id: <id>',
  'Date: <date>',
  'Connection: close',
).concat('ok');
const BAD = { reaches: undefined, answer: refusal('400 Bad Request') };
const BAD_HOST = { reaches: undefined, answer: refusal('400 Bad Request: malformed Host header') };
const BAD_NAME = { reaches: undefined, answer: refusal('400 Bad Request: invalid header name') };
const BAD_CODING = {
  reaches: undefined,
  answer: refusal('501 Not Implemented', 'Unsupported transfer encoding'),
};
const BAD_VERSION = {
  reaches: undefined,
  answer: refusal('505 HTTP Version Not Supported: unsupported protocol version'),
};
const TOO_LARGE = { reaches: undefined, answer: refusal('431 Request Header Fields Too Large') };

/** `GET /` with these fields beside `Host`. */
const get = (...fields: string[]): string => head('GET / HTTP/1.1', HOST, ...fields);
const post = (...fields: string[]): string => head('POST / HTTP/1.1', HOST, ...fields);
const target = (text: string): Pick<Hazard, 'name' | 'given' | 'reaches'> => ({
  name: text,
  given: head(`GET ${text} HTTP/1.1`, HOST),
  reaches: head(`GET ${text} HTTP/1.1`, HOST, ...added()),
});
const host = (value: string, outcome: Outcome): Hazard => ({
  name: `Host: ${value}`,
  given: head('GET / HTTP/1.1', `Host: ${value}`),
  ...outcome,
});
const lengths = (...values: string[]): Hazard => ({
  name: values.map((value) => JSON.stringify(value)).join(' and '),
  given: `${post(...values.map((value) => `Content-Length: ${value}`))}ab`,
  ...BAD,
});
const coding = (value: string, outcome: Outcome): Hazard => ({
  name: JSON.stringify(value),
  given: `${post(`Transfer-Encoding: ${value}`)}0\r\n\r\n`,
  ...outcome,
});
const chunks = (name: string, body: string, reaches: string, general?: Outcome): Hazard => ({
  name,
  given: post('Transfer-Encoding: chunked') + body,
  reaches: head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', ...added()) + reaches,
  ...(general === undefined ? {} : { general }),
});
const version = (text: string, outcome: Outcome): Hazard => ({
  name: text,
  given: `GET / ${text}\r\n${HOST}\r\n\r\n`,
  ...outcome,
});

const ROWS: Readonly<Record<string, readonly Hazard[]>> = {
  'Content-Length and Transfer-Encoding: chunked together': [
    {
      name: 'length first',
      given: `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      ...BAD,
    },
    {
      name: 'chunked first',
      given: `${post('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n`,
      ...BAD,
    },
    {
      name: 'a length of 0',
      given: `${post('Content-Length: 0', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      ...BAD,
    },
  ],
  'Content-Length twice, or no plain number': [
    lengths('2', '3'),
    lengths('2', '2'),
    lengths('+2'),
    lengths('0x2'),
    lengths('2, 2'),
    lengths('2,'),
    lengths('-0'),
    lengths('2 '.repeat(2).trim()),
    lengths(''),
    lengths('1e1'),
    lengths('18446744073709551616'),
    lengths('9007199254740993'),
  ],
  'Transfer-Encoding other than exactly chunked': [
    coding(',chunked', BAD),
    coding('chunked,', BAD),
    coding('chunked;p', BAD),
    coding('chunked, chunked', BAD),
    coding('\x0bchunked', BAD),
    coding('"chunked"', BAD),
    coding('', BAD),
    coding('gzip, chunked', BAD_CODING),
    coding('chunked, gzip', BAD_CODING),
    coding('xchunked', BAD_CODING),
    coding('identity', BAD_CODING),
    {
      name: 'twice',
      given: `${post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      ...BAD,
    },
    {
      name: 'twice, once identity',
      given: `${post('Transfer-Encoding: identity', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      ...BAD,
    },
    {
      name: 'in another case is the same coding',
      given: `${post('transfer-encoding:CHUNKED ')}2\r\nab\r\n0\r\n\r\n`,
      reaches: `${head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', ...added())}2\r\nab\r\n0\r\n\r\n`,
    },
  ],
  'Transfer-Encoding in an HTTP/1.0 request': [
    {
      name: 'chunked',
      given: `${head('POST / HTTP/1.0', HOST, 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      ...BAD,
    },
  ],
  'bare LF, bare CR, obs-fold, NUL, space before colon, CRLF CR X': [
    { name: 'LF ends the request line', given: `GET / HTTP/1.1\n${HOST}\r\n\r\n`, ...BAD },
    { name: 'LF ends a field', given: `GET / HTTP/1.1\r\n${HOST}\nA: b\r\n\r\n`, ...BAD },
    { name: 'LF ends the head', given: `GET / HTTP/1.1\r\n${HOST}\r\n\n`, ...BAD },
    { name: 'CR in a value', given: get('A: b\rc'), ...BAD },
    { name: 'CR in a name', given: get('A\rb: c'), ...BAD, general: BAD_NAME },
    { name: 'CR in the target', given: head('GET /\rx HTTP/1.1', HOST), ...BAD },
    { name: 'obs-fold with a blank', given: get('A: b', ' c'), ...BAD },
    { name: 'obs-fold with a tab', given: get('A: b', '\tc'), ...BAD },
    { name: 'obs-fold ahead of the first field', given: head('GET / HTTP/1.1', ` ${HOST}`), ...BAD },
    { name: 'NUL in a value', given: get('A: b\0c'), ...BAD },
    { name: 'NUL in a name', given: get('A\0: c'), ...BAD_NAME },
    { name: 'other control bytes in a value', given: get('A: b\x7fc'), ...BAD },
    { name: 'space before the colon', given: get('A : b'), ...BAD_NAME },
    {
      name: 'space before the colon of a length',
      given: `${post('Content-Length : 2')}ab`,
      ...BAD_NAME,
      general: BAD,
    },
    { name: 'no colon', given: get('A'), ...BAD, general: BAD_NAME },
    { name: 'no name', given: get(': b'), ...BAD_NAME },
    { name: 'CRLF CR X', given: `GET / HTTP/1.1\r\n${HOST}\r\n\rX`, ...BAD },
  ],
  'chunk extensions are dropped and bounded, trailers that name framing, routing, authentication, Cookie or X-Forwarded are dropped':
    [
      chunks('extensions', '2;a;b=c;d="e;\\"f"\r\nab\r\n0;last\r\n\r\n', '2\r\nab\r\n0\r\n\r\n'),
      chunks('zeros ahead of a size', '0002\r\nab\r\n000\r\n\r\n', '2\r\nab\r\n0\r\n\r\n'),
      chunks(
        'trailers',
        '0\r\nX-Sum: 1\r\nHost: evil\r\nTrailer: x\r\nAuthorization: a\r\nCookie: b\r\nSet-Cookie: c\r\n' +
          'X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Client-Cert: d\r\nX-CF-Proxy-Signature: e\r\n' +
          'TE: f\r\nExpect: 100-continue\r\nContent-Type: g\r\nx-other: 2\r\n\r\n',
        '0\r\nX-Sum: 1\r\nx-other: 2\r\n\r\n',
      ),
      chunks(
        'trailers that name framing',
        '2\r\nab\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
        '2\r\nab\r\n0\r\n\r\n',
        BAD,
      ),
    ],
  'unknown method': [
    {
      name: 'FOO',
      given: head('FOO / HTTP/1.1', HOST),
      reaches: head('FOO / HTTP/1.1', HOST, ...added()),
      general: BAD,
    },
    {
      name: 'get',
      given: head('get / HTTP/1.1', HOST),
      reaches: head('get / HTTP/1.1', HOST, ...added()),
      general: BAD,
    },
    { name: 'no token', given: head('G{T / HTTP/1.1', HOST), ...BAD },
  ],
  'raw UTF-8 bytes in the target': [
    { ...target('/\xc3\xa9'), general: BAD },
    { ...target('/?\xc3\xa9=\xff'), general: BAD },
  ],
  'HTTP/2.0, HTTP/1.2, HTTP/0.9, lower case': [
    version('HTTP/2.0', BAD_VERSION),
    version('HTTP/0.9', BAD_VERSION),
    version('HTTP/1.2', { reaches: undefined, answer: 'HTTP/1.0 400 Bad Request\r\n\r\n' }),
    version('http/1.1', BAD),
    version('HTTP/11.1', BAD),
    version('HTTP/1.10', BAD),
    version('HTTP/1.1 ', { ...BAD }),
    version('HTTPS/1.1', BAD),
    { name: 'none', given: `GET /\r\n${HOST}\r\n\r\n`, ...BAD, general: BAD_VERSION },
    { name: 'the preface of HTTP/2', given: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', ...BAD_VERSION },
  ],
  'two spaces in the request line; one leading CRLF': [
    {
      name: 'two spaces ahead of the target',
      given: head('GET  / HTTP/1.1', HOST),
      ...BAD,
      general: { reaches: head('GET / HTTP/1.1', HOST, ...added()) },
    },
    {
      name: 'two spaces behind the target',
      given: head('GET /  HTTP/1.1', HOST),
      ...BAD,
      general: { reaches: head('GET / HTTP/1.1', HOST, ...added()) },
    },
    { name: 'a tab', given: head('GET\t/ HTTP/1.1', HOST), ...BAD },
    { name: 'a space ahead', given: head(' GET / HTTP/1.1', HOST), ...BAD },
    { name: 'one leading CRLF', given: `\r\n${get()}`, reaches: head('GET / HTTP/1.1', HOST, ...added()) },
    {
      name: 'two leading CRLFs',
      given: `\r\n\r\n${get()}`,
      ...BAD,
      general: { reaches: head('GET / HTTP/1.1', HOST, ...added()) },
    },
  ],
  'no Host, two Hosts, empty, a@b, a b, a/b, a#b, port out of range; one trailing dot': [
    {
      name: 'none',
      given: head('GET / HTTP/1.1'),
      reaches: undefined,
      answer: refusal('400 Bad Request: missing required Host header'),
    },
    { name: 'two', given: get(HOST), ...BAD },
    { name: 'two that differ', given: get('host: other.test'), ...BAD },
    host('a@app.test', BAD_HOST),
    host('app.test b', BAD_HOST),
    host('app.test/b', BAD_HOST),
    host('app.test#b', BAD_HOST),
    host('app.test?b', BAD_HOST),
    host('app.test\\b', BAD_HOST),
    host('app.test:65536', BAD_HOST),
    host('app.test:-1', BAD_HOST),
    host('app.test:1:2', BAD_HOST),
    host('[::1', BAD_HOST),
    host('app.test, other.test', BAD_HOST),
    host('\xe9.test', BAD_HOST),
    host('APP.test:65535', { reaches: head('GET / HTTP/1.1', 'Host: APP.test:65535', ...added()) }),
    host('app.test.', { reaches: head('GET / HTTP/1.1', 'Host: app.test.', ...added()) }),
    host('app.test.:80', { reaches: head('GET / HTTP/1.1', 'Host: app.test.:80', ...added()) }),
    host('app.test:', { reaches: head('GET / HTTP/1.1', 'Host: app.test:', ...added()) }),
  ],
  'absolute-form target with another Host': [
    {
      name: 'routes on the URI, rewrites Host, sends origin-form',
      given: head('GET http://APP.test:80/x?y HTTP/1.1', 'Host: other.test'),
      reaches: head('GET /x?y HTTP/1.1', 'Host: APP.test:80', ...added()),
    },
    {
      name: 'without a path',
      given: head('GET http://app.test?y HTTP/1.1', 'A: b', 'Host: other.test'),
      reaches: head('GET /?y HTTP/1.1', 'A: b', 'Host: app.test', ...added()),
    },
    { name: 'with user information', given: head('GET http://a@app.test/ HTTP/1.1', HOST), ...BAD },
    { name: 'without a host', given: head('GET http:/// HTTP/1.1', HOST), ...BAD },
    {
      name: 'without a Host',
      given: head('GET http://app.test/ HTTP/1.1'),
      reaches: undefined,
      answer: refusal('400 Bad Request: missing required Host header'),
    },
    { name: 'of another scheme', given: head('GET ftp://app.test/ HTTP/1.1', HOST), ...BAD },
  ],
  'target without leading /, with #, control bytes, spaces; GET *': [
    { name: 'no slash', given: head('GET x HTTP/1.1', HOST), ...BAD },
    { name: 'authority-form', given: head('GET app.test:80 HTTP/1.1', HOST), ...BAD },
    { name: 'a query alone', given: head('GET ?x HTTP/1.1', HOST), ...BAD },
    { name: '#', given: head('GET /#x HTTP/1.1', HOST), ...BAD },
    { name: 'a control byte', given: head('GET /\x01 HTTP/1.1', HOST), ...BAD },
    { name: 'DEL', given: head('GET /\x7f HTTP/1.1', HOST), ...BAD },
    { name: 'a space', given: head('GET /a b HTTP/1.1', HOST), ...BAD },
    { name: 'a broken escape', given: head('GET /%4 HTTP/1.1', HOST), ...BAD },
    { name: 'GET *', given: head('GET * HTTP/1.1', HOST), ...BAD },
    {
      name: 'OPTIONS * is answered here',
      given: head('OPTIONS * HTTP/1.1', HOST),
      reaches: '',
      answer: head('HTTP/1.1 200 OK', 'Content-Length: 0', 'Date: <date>'),
    },
  ],
  '//x, %2F, .., ;, ? alone': [
    target('//x'),
    target('/a%2Fb'),
    target('/a/../b/./c//'),
    target('/a;b=c'),
    target('/?'),
    target('/a?b?c&&d#'.slice(0, -1)),
    target('/%00%0d%0a'),
  ],
  'Expect in odd spellings': [
    ...['y 100-continue', '100-continue, 100-continue', '100', '100-continue;q=1'].map((value) => ({
      name: value,
      given: post(`Expect: ${value}`, 'Content-Length: 2'),
      reaches: undefined,
      answer: head(
        'HTTP/1.1 417 Expectation Failed',
        'Content-Length: 0',
        'Date: <date>',
        'Connection: close',
      ),
    })),
  ],
  'GET or HEAD with a body': [
    {
      name: 'GET with a length',
      given: `${get('Content-Length: 2')}ab`,
      reaches: `${head('GET / HTTP/1.1', HOST, 'Content-Length: 2', ...added())}ab`,
    },
    {
      name: 'GET in chunks',
      given: `${get('Transfer-Encoding: chunked')}2\r\nab\r\n0\r\n\r\n`,
      reaches: `${head('GET / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', ...added())}2\r\nab\r\n0\r\n\r\n`,
    },
    {
      name: 'HEAD with a length',
      given: `${head('HEAD / HTTP/1.1', HOST, 'Content-Length: 2')}ab`,
      reaches: `${head('HEAD / HTTP/1.1', HOST, 'Content-Length: 2', ...added())}ab`,
      answer: OK.slice(0, -2),
    },
    {
      name: 'DELETE with a length of 0',
      given: head('DELETE / HTTP/1.1', HOST, 'Content-Length: 0'),
      reaches: head('DELETE / HTTP/1.1', HOST, 'Content-Length: 0', ...added()),
    },
  ],
  'TRACE, CONNECT': [
    {
      name: 'TRACE',
      given: head('TRACE / HTTP/1.1', HOST, 'Cookie: secret'),
      reaches: undefined,
      answer: head(
        'HTTP/1.1 405 Method Not Allowed',
        'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Length: 22',
        'Connection: close',
      ).concat('405 Method Not Allowed'),
    },
    { name: 'CONNECT', given: head('CONNECT app.test:80 HTTP/1.1', HOST), ...BAD },
    { name: 'CONNECT of a path', given: head('CONNECT / HTTP/1.1', HOST), ...BAD },
  ],
  'more than the allowed header bytes': [
    { name: 'in one field', given: get(`A: ${'x'.repeat(1_100_000)}`), ...TOO_LARGE },
    { name: 'in the target', given: head(`GET /${'x'.repeat(1_100_000)} HTTP/1.1`, HOST), ...TOO_LARGE },
    {
      name: 'in many fields',
      given: get(...Array.from({ length: 220 }, () => `A: ${'x'.repeat(5_000)}`)),
      ...TOO_LARGE,
    },
  ],
  'header case and order, duplicates': [
    {
      name: 'kept',
      given: head(
        'GET / HTTP/1.1',
        'zz: 1',
        'HOST: app.test',
        'aA: 2',
        'Zz:3',
        'aa:\t4\t ',
        'Cookie: a',
        'cookie: b',
        "x!#$%&'*+-.^_`|~0: 5",
      ),
      reaches: head(
        'GET / HTTP/1.1',
        'zz: 1',
        'HOST: app.test',
        'aA: 2',
        'Zz: 3',
        'aa: 4',
        'Cookie: a',
        'cookie: b',
        "x!#$%&'*+-.^_`|~0: 5",
        ...added(),
      ),
    },
  ],
  'Connection names fields that are not its to remove': [
    {
      name: 'end-to-end fields and ours',
      given: get(
        'Connection: X-Own, X-Forwarded-Proto, X-Forwarded-For, Cookie, Host, Authorization, X-Request-Start, X-Vcap-Request-Id, X-Cf-InstanceId, Content-Length',
        'X-Own: 1',
        'Cookie: a',
        'Authorization: b',
        'X-Forwarded-For: 1.2.3.4',
      ),
      reaches: head('GET / HTTP/1.1', HOST, 'Cookie: a', 'Authorization: b', ...added('1.2.3.4, ')),
    },
    {
      name: 'the framing of a body',
      given: `${post('Connection: Content-Length, Transfer-Encoding', 'Content-Length: 2')}ab`,
      reaches: `${head('POST / HTTP/1.1', HOST, 'Content-Length: 2', ...added())}ab`,
    },
  ],
  'fields that grant trust, sent by a client': [
    {
      name: 'X-Forwarded-* and others that the contract passes, not their underscore twins',
      given: get(
        'X-Forwarded-For: 1.1.1.1',
        'x-forwarded-for: 2.2.2.2',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: h',
        'X-Real-IP: 3.3.3.3',
        'Forwarded: for=4.4.4.4',
        'X-Forwarded-Client-Cert: c',
        'X_Forwarded_For: 6.6.6.6',
        'X-Forwarded_Proto: ftp',
        'x_forwarded_client_cert: evil',
        'X_Real_IP: 7.7.7.7',
        'X_CF_ApplicationID: evil',
        'X_Request_Start: 1',
      ),
      reaches: head(
        'GET / HTTP/1.1',
        HOST,
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: h',
        'X-Real-IP: 3.3.3.3',
        'Forwarded: for=4.4.4.4',
        'X-Forwarded-Client-Cert: c',
        'X-Forwarded-For: 1.1.1.1, 2.2.2.2, 127.0.0.1',
        'X-Request-Start: <ms>',
        'X-Vcap-Request-Id: <id>',
        ...ENDPOINT_LINES,
      ),
    },
    {
      name: 'X-Cf-Proxy-Signature, X-Cf-Forwarded-Url, X-Cf-Proxy-Metadata without a route service; ids of ours',
      given: get(
        'X-CF-Proxy-Signature: s',
        'X-Cf-Forwarded-Url: https://app.test/',
        'x-cf-proxy-metadata: m',
        'X-CF-ApplicationID: evil',
        'X-CF-InstanceID: evil',
        'X-CF-InstanceIndex: 666',
        'X-Vcap-Request-Id: evil',
      ),
      reaches: head('GET / HTTP/1.1', HOST, ...added()),
    },
    {
      name: "__VCAP_ID__ of another app's instance",
      given: get('Cookie: JSESSIONID=a; __VCAP_ID__=inst-other'),
      reaches: head('GET / HTTP/1.1', HOST, 'Cookie: JSESSIONID=a; __VCAP_ID__=inst-other', ...added()),
      answer: head(
        'HTTP/1.1 200 OK',
        'Content-Length: 2',
        'X-Vcap-Request-Id: <id>',
        'Set-Cookie: __VCAP_ID__=inst-1; Path=/; HttpOnly',
        'Date: <date>',
      ).concat('ok'),
    },
    {
      name: "X-CF-App-Instance of another app's instance",
      given: get('X-CF-App-Instance: 11111111-2222-3333-4444-555555555555:0'),
      reaches: '',
      answer: head(
        'HTTP/1.1 400 Bad Request',
        'Cache-Control: no-cache, no-store',
        'Content-Type: text/plain; charset=utf-8',
        'X-Cf-Routererror: unknown_route',
        'X-Content-Type-Options: nosniff',
        'Content-Length: 131',
        'Date: <date>',
      ).concat(
        "400 Bad Request: Requested instance ('0') with guid ('11111111-2222-3333-4444-555555555555') does not exist for route ('app.test')\n",
      ),
    },
  ],
  'Upgrade: h2c, HTTP2-Settings; Upgrade with a body': [
    {
      name: 'h2c',
      given: get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'),
      reaches: head('GET / HTTP/1.1', HOST, ...added()),
    },
    {
      name: 'HTTP/2.0 and h2, in any case',
      given: get('Connection: upgrade', 'Upgrade: HTTP/2.0, H2'),
      reaches: head('GET / HTTP/1.1', HOST, ...added()),
    },
    {
      name: 'HTTP2-Settings alone',
      given: get('HTTP2-Settings: AAMAAABkAAQAAP__'),
      reaches: head('GET / HTTP/1.1', HOST, ...added()),
    },
    {
      name: 'a body behind an upgrade to a WebSocket',
      given: `${post('Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 2')}ab`,
      reaches: `${head('POST / HTTP/1.1', HOST, 'Content-Length: 2', ...added())}ab`,
      general: {
        reaches: `${head('POST / HTTP/1.1', HOST, 'Content-Length: 2', ...added())}ab`,
        answer: LAST_OK,
        last: true,
      },
    },
    {
      name: 'chunks behind an upgrade to h2c',
      given: `${post('Connection: Upgrade', 'Upgrade: h2c', 'Transfer-Encoding: chunked')}2\r\nab\r\n0\r\n\r\n`,
      reaches: `${head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', ...added())}2\r\nab\r\n0\r\n\r\n`,
      general: {
        reaches: `${head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', ...added())}2\r\nab\r\n0\r\n\r\n`,
        answer: LAST_OK,
        last: true,
      },
    },
  ],
};

describeLane('hazards of requests', (stage) => {
  for (const [row, hazards] of Object.entries(ROWS)) {
    describe(row, () => {
      for (const hazard of hazards) {
        it(hazard.name, async () => {
          const outcome = (stage.which === 'general' ? hazard.general : undefined) ?? hazard;
          const { reaches = '', answer = OK } = outcome;
          const refused = outcome.reaches === undefined;
          const ends = refused || outcome.last === true;
          const lane = await stage.start();
          const backend = await stage.backend(answering(ok()));
          const elsewhere = await stage.backend(answering(ok('elsewhere')));
          route(lane, 'app.test', [{ port: backend.port, ...ENDPOINT_FIELDS }]);
          route(lane, 'app.test/admin', [{ port: elsewhere.port, instanceId: 'inst-other' }]);
          route(lane, 'other.test', [{ port: elsewhere.port }]);
          const client = await stage.client(lane);

          await client.send(hazard.given + NEXT);
          const got = (await client.reader.toEnd()).toString('latin1');

          expect(masked(got)).to.equal(ends ? answer : answer + LAST_OK);
          expect(masked(backend.received)).to.equal(ends ? reaches : reaches + NEXT_SENT);
          expect(elsewhere.received).to.equal('');
          expect(lane.reports).to.deep.equal([]);
          if (refused) expect(lane.counters.badRequests).to.equal(1);
        });
      }
    });
  }

  const PATHS = ['/x/../admin', '//admin', '/%61dmin', '/ADMIN/../x', '/administrator', '/x;/admin'];
  for (const path of PATHS) {
    it(`matches a route on the path as sent: ${path} is not /admin`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(ok('root')));
      const admin = await stage.backend(answering(ok('admin')));
      route(lane, 'app.test', [backend]);
      route(lane, 'app.test/admin', [admin]);
      const client = await stage.client(lane);

      const expected = path.startsWith('/ADMIN') ? 'admin' : 'root';
      expect((await client.ask(head(`GET ${path} HTTP/1.1`, HOST))).body.toString()).to.equal(expected);
      expect((await client.ask(head('GET /admin/x HTTP/1.1', HOST))).body.toString()).to.equal('admin');
    });
  }

  it('more than the allowed header count: 431 and close, after the lookup, with a record', async () => {
    const lane = await stage.start({ settings: { maxRequestHeaders: 10 } });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [{ port: backend.port, ...ENDPOINT_FIELDS }]);
    const client = await stage.client(lane);

    await client.send(get(...Array.from({ length: 30 }, (_, i) => `A: ${i}`)) + NEXT);

    expect(masked((await client.reader.toEnd()).toString('latin1'))).to.equal(
      head(
        'HTTP/1.1 431 Request Header Fields Too Large',
        'X-Cf-Routererror: max-request-size-exceeded',
        'Content-Length: 0',
        'Date: <date>',
        'Connection: close',
      ),
    );
    expect(lane.records.map(({ status, routerError }) => [status, routerError])).to.deep.equal([
      [431, 'max-request-size-exceeded'],
    ]);
    expect(backend.received).to.equal('');
  });
});

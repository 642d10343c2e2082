type Random = () => number;

const METHODS = [
  ...repeated(9, 'GET', 'POST'),
  'PUT',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'QUERY',
  'FOO',
  'get',
];
const TARGETS = [
  ...repeated(10, '/', '/a/b?c=d'),
  '//x',
  '/%2F..;',
  '/?',
  '*',
  'http://app.test/x',
  'http://app.test',
  '/\xc3\xa9',
  '/a#b',
  'a',
  `/${'x'.repeat(300)}`,
];
const VERSIONS = [...repeated(60, 'HTTP/1.1'), 'HTTP/1.0', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1'];
const STATUS_LINES = [
  ...repeated(20, 'HTTP/1.1 200 OK'),
  'HTTP/1.1 404 Not Found',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 103 Early Hints',
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 200',
  'HTTP/1.1 599 \xe9',
  'HTTP/2.0 200 OK',
  'HTTP/1.1 99 Low',
];
const FIELDS = [
  ...repeated(5, 'Accept: */*', 'Accept-Encoding: gzip, br'),
  'Cookie: a=1; b="2"',
  'cookie: c=3',
  'X-Empty:',
  'X-Blanks: \t a  b \t',
  'X-Latin: \xe9\xff',
  "!#$%&'*+-.^_`|~09Az: token",
  'Connection: keep-alive',
  'Connection: close',
  'Connection: x, Close',
  'Proxy-Connection: close',
  'Keep-Alive: timeout=5, max=100',
  'Expect: 100-continue',
  'Expect: y 100-continue',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Upgrade: h2c',
  'Trailer: X-Sum',
  'TE: trailers',
  `X-Long: ${'v'.repeat(500)}`,
];
/** Framing fields as they should not be, beside some that are only unusual. */
const FRAMING = [
  'Content-Length: 3',
  'Content-Length: 03',
  'Content-Length:\t3\t',
  'Content-Length: +3',
  'Content-Length: 0x3',
  'Content-Length: 3, 3',
  'Content-Length: 3 3',
  'Content-Length: -1',
  'Content-Length:',
  'Content-Length: 18446744073709551619',
  'Content_Length: 3',
  'Transfer-Encoding: chunked',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding:chunked\t',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked;p',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding:',
  'Transfer-Encoding : chunked',
];
const SIZES = [
  '3',
  '03',
  'A',
  'a',
  '10',
  '+3',
  '-3',
  ' 3',
  '3 ',
  '0x3',
  '3;',
  'fffffffffffffffff',
  '00000000000003',
];
const EXTENSIONS = [
  ...repeated(60, ''),
  ...repeated(4, ';a=b', ';a="b;\\"c"'),
  ';a',
  ';a=b',
  ';a="b;\\"c"',
  ';a=b;c',
  '; a',
  ';a =b',
  ';=b',
  ';a=',
  ' ;a',
  ';\xe9',
];
const TRAILERS = [
  ...repeated(10, 'X-Sum: 1'),
  'X-Other:',
  'Content-Length: 3',
  'Set-Cookie: a=b',
  'X-Latin: \xe9',
  ' folded',
  'X y: z',
];

/** A request, mostly sound, with its body; several of them now and then. Latin1 text. */
export function someRequests(random: Random): string {
  let text = chance(random, 0.05) ? '\r\n' : '';
  do {
    const { fields, body } = framing(random);
    const lines = [`${pick(random, METHODS)} ${pick(random, TARGETS)} ${pick(random, VERSIONS)}`];
    if (!chance(random, 0.01)) lines.push('Host: app.test');
    lines.push(...fields);
    text += `${shuffleSome(random, lines).join('\r\n')}\r\n\r\n${body}`;
  } while (chance(random, 0.3));
  return text;
}

/** A response, mostly sound, with its body; interim ones ahead of it now and then. Latin1 text. */
export function someResponse(random: Random): string {
  let text = '';
  do {
    const { fields, body } = framing(random);
    text += `${[pick(random, STATUS_LINES), ...fields].join('\r\n')}\r\n\r\n${body}`;
  } while (chance(random, 0.2));
  return text;
}

/** A chunked body, mostly sound. Latin1 text. */
export function someChunks(random: Random): string {
  let text = '';
  while (chance(random, 0.7)) {
    if (chance(random, 0.03)) {
      text += `${pick(random, SIZES)}${pick(random, EXTENSIONS)}\r\nabc\r\n`;
    } else {
      const size = chance(random, 0.1) ? below(random, 2_000) : 1 + below(random, 20);
      const data = Array.from({ length: size }, () => String.fromCharCode(below(random, 256))).join('');
      text += `${size.toString(16)}${pick(random, EXTENSIONS)}\r\n${data}\r\n`;
    }
  }
  text += `0${pick(random, EXTENSIONS)}\r\n`;
  while (chance(random, 0.2)) text += `${pick(random, TRAILERS)}\r\n`;
  return `${text}\r\n`;
}

function framing(random: Random): { fields: string[]; body: string } {
  const fields: string[] = [];
  while (chance(random, 0.6)) fields.push(pick(random, FIELDS));
  let body = '';
  switch (below(random, 12)) {
    case 0:
    case 4:
      fields.push('Content-Length: 3');
      body = 'abc';
      break;
    case 1:
    case 2:
      fields.push('Transfer-Encoding: chunked');
      body = someChunks(random);
      break;
    case 3:
      fields.push(pick(random, FRAMING));
      body = chance(random, 0.5) ? 'abc' : '3\r\nabc\r\n0\r\n\r\n';
      break;
  }
  if (chance(random, 0.03)) fields.push(pick(random, FRAMING));
  return { fields: shuffleSome(random, fields), body };
}

const MARKS = [...'\r\n\0 \t:,;="\\/?#+-_.0159afgxAFGX{}()\x01\x0b\x0c\x1f\x7f\x80\x85\xa0\xff'];
const PIECES = [
  ...FRAMING.map((line) => `\r\n${line}`),
  ...FIELDS.map((line) => `${line}\r\n`),
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\n\n',
  '\r',
  '\r\r\n',
  '\r\n ',
  '\r\n\t',
  ' \r\n',
  ' :',
  ': ',
  'HTTP/1.1',
  'HTTP/0.9',
  ' HTTP/1.1\r\n',
  'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n',
  'chunked',
  '0\r\n\r\n',
  '5\r\n',
];

/** Changes a few bytes, pieces or lines of a message: the kind of change that two parsers may see differently. */
export function mutated(random: Random, text: string): string {
  let result = text;
  do {
    result = mutatedOnce(random, result);
  } while (chance(random, 0.4));
  return result;
}

function mutatedOnce(random: Random, text: string): string {
  const at = below(random, text.length + 1);
  const to = Math.min(text.length, at + 1 + below(random, 12));
  const before = text.slice(0, at);
  switch (below(random, 9)) {
    case 0: // another byte
      return before + pick(random, MARKS) + text.slice(at + 1);
    case 1: // any byte
      return before + String.fromCharCode(below(random, 256)) + text.slice(at + 1);
    case 2:
      return before + pick(random, MARKS) + text.slice(at);
    case 3:
      return before + pick(random, PIECES) + text.slice(at);
    case 4:
      return before + text.slice(to);
    case 5: // twice
      return before + text.slice(at, to) + text.slice(at);
    case 6: {
      // a line end that is none, or one more
      const end = text.indexOf('\r\n', at);
      if (end === -1) return before;
      return (
        text.slice(0, end) +
        pick(random, ['\n', '\r', '\r\n\r\n', ' \r\n', '\r\n ', '']) +
        text.slice(end + 2)
      );
    }
    case 7: {
      const lines = text.split('\r\n');
      const moved = lines.splice(below(random, lines.length), 1);
      lines.splice(below(random, lines.length + 1), 0, ...moved, ...(chance(random, 0.5) ? moved : []));
      return lines.join('\r\n');
    }
    default: {
      // the case of a letter
      const char = text.charAt(at);
      return (
        before + (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()) + text.slice(at + 1)
      );
    }
  }
}

/** Cuts bytes into pieces, one byte each now and then. */
export function someSplit(random: Random, bytes: Buffer): Buffer[] {
  const most = chance(random, 0.2) ? 1 : 1 + below(random, Math.max(1, bytes.length));
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + below(random, most);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function shuffleSome(random: Random, lines: readonly string[]): string[] {
  const result = [...lines];
  if (result.length > 2 && chance(random, 0.3)) {
    const [moved] = result.splice(1 + below(random, result.length - 1), 1);
    result.splice(1 + below(random, result.length - 1), 0, moved!);
  }
  return result;
}

function repeated(times: number, ...values: string[]): string[] {
  return Array.from({ length: times }, () => values).flat();
}

function pick<T>(random: Random, all: readonly T[]): T {
  return all[below(random, all.length)]!;
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

function chance(random: Random, probability: number): boolean {
  return random() < probability;
}

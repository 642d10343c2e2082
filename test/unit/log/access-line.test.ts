import { expect } from 'chai';
import { accessJson } from '../../../lib/log/access-json.ts';
import { accessLine } from '../../../lib/log/access-line.ts';
import { type AccessLogSettings, accessLogOptions } from '../../../lib/log/access-options.ts';
import type { RequestRecord } from '../../../lib/request/record.ts';
import { type Endpoint, NO_OPTIONS } from '../../../lib/routes/endpoint.ts';

const ENDPOINT: Endpoint = {
  address: '10.0.0.5:61002',
  host: '10.0.0.5',
  port: 61002,
  tls: false,
  appId: 'f2a3e0a7-1b7e-4d1c-9a0e-1f0f5e7d9c10',
  instanceId: '6f1de3a0-5f3c-4bd1-6ee7-9a3d',
  instanceIndex: '0',
  serverCertDomainSan: '',
  protocol: 'http1',
  availabilityZone: '',
  isolationSegment: '',
  routeServiceUrl: '',
  staleThresholdMs: 120_000,
  updatedAtNs: '0',
  tags: null,
  options: NO_OPTIONS,
};

/** The example of operations.md 10. */
const CART: RequestRecord = {
  host: 'shop.example.com',
  method: 'GET',
  target: '/cart?id=7',
  targetIsPlain: false,
  valuesArePlain: false,
  protocol: 'HTTP/1.1',
  receivedAtMs: Date.UTC(2025, 3, 17, 8, 51, 36, 123),
  responseTimeMs: 12.345,
  gorouterTimeMs: 0.321,
  status: 200,
  requestBytes: 0,
  responseBytes: 1532,
  referer: 'https://shop.example.com/',
  userAgent: 'curl/8.5.0',
  clientAddress: '203.0.113.9:51544',
  forwardedFor: '203.0.113.9, 10.1.0.4',
  forwardedProto: 'https',
  requestId: '6d6f3a52-2f5c-4a3e-4f0b-0d7f5a9c3b1e',
  routerError: '',
  endpoint: ENDPOINT,
  extraHeaders: [],
  attempts: undefined,
  upgraded: false,
};

const DEFAULTS: AccessLogSettings = {
  disableLogForwardedFor: false,
  disableLogSourceIp: false,
  redactQueryParams: 'none',
  extraFields: [],
  extraHeaders: [],
};

function line(record: Partial<RequestRecord>, settings: Partial<AccessLogSettings> = {}): string {
  return accessLine({ ...CART, ...record }, accessLogOptions({ ...DEFAULTS, ...settings }));
}

const FULL =
  'shop.example.com - [2025-04-17T08:51:36.123000000Z] "GET /cart?id=7 HTTP/1.1" 200 0 1532 ' +
  '"https://shop.example.com/" "curl/8.5.0" "203.0.113.9:51544" "10.0.0.5:61002" ' +
  'x_forwarded_for:"203.0.113.9, 10.1.0.4" x_forwarded_proto:"https" ' +
  'vcap_request_id:"6d6f3a52-2f5c-4a3e-4f0b-0d7f5a9c3b1e" response_time:0.012345 gorouter_time:0.000321 ' +
  'app_id:"f2a3e0a7-1b7e-4d1c-9a0e-1f0f5e7d9c10" app_index:"0" instance_id:"6f1de3a0-5f3c-4bd1-6ee7-9a3d" ' +
  'x_cf_routererror:"-"';

describe('an access log line', () => {
  it('is the same when its texts are known to be plain', () => {
    const plain = line({ targetIsPlain: true, valuesArePlain: true });
    expect(plain).to.equal(FULL);
    const redacted = line({ targetIsPlain: true }, { redactQueryParams: 'all' });
    expect(redacted).to.equal(FULL.replace('/cart?id=7', '/cart'));
  });

  it('escapes what no client sent, whatever is known of the head', () => {
    const texts = { routerError: 'a"b', endpoint: { ...ENDPOINT, appId: 'c"d' } };
    const escaped = line({ ...texts, targetIsPlain: true, valuesArePlain: true });
    expect(escaped).to.include('app_id:"c\\"d"').and.to.include('x_cf_routererror:"a\\"b"');
  });

  it('is the one that the contract gives as example', () => {
    expect(line({})).to.equal(FULL);
  });

  it('puts quoted dashes where nothing is known', () => {
    const bare = line({
      host: '',
      status: 0,
      referer: '',
      userAgent: '',
      clientAddress: '',
      forwardedFor: '',
      forwardedProto: '',
      requestId: '',
      endpoint: undefined,
      responseTimeMs: 0,
      gorouterTimeMs: 0,
    });
    expect(bare).to.equal(
      ' - [2025-04-17T08:51:36.123000000Z] "GET /cart?id=7 HTTP/1.1" "-" 0 1532 "-" "-" "-" "-" ' +
        'x_forwarded_for:"-" x_forwarded_proto:"-" vcap_request_id:"-" response_time:0.000000 ' +
        'gorouter_time:0.000000 app_id:"-" app_index:"-" instance_id:"-" x_cf_routererror:"-"',
    );
  });

  it('hides addresses when told to', () => {
    const hidden = line({}, { disableLogForwardedFor: true, disableLogSourceIp: true });
    expect(hidden).to.contain(' "curl/8.5.0" "-" "10.0.0.5:61002" x_forwarded_for:"-" x_forwarded_proto:');
  });

  it('adds known extra fields once each in configured order, and then the headers in theirs', () => {
    const attempts = {
      failedAttempts: 2,
      failedAttemptsMs: 3.5,
      backendMs: 1234.5678,
      dialMs: 0,
      dnsMs: undefined,
      tlsMs: 0.0004,
      localAddress: '10.0.0.1:40000',
    };
    const long = line(
      { attempts, extraHeaders: ['a "b"', ''], routerError: 'endpoint_failure (EOF)' },
      {
        extraFields: [
          'local_address',
          'dial_time',
          'nonsense',
          'failed_attempts',
          'dial_time',
          'dns_time',
          'tls_time',
          'backend_time',
          'failed_attempts_time',
          'tls_sni',
        ],
        extraHeaders: ['X-B3-TraceId', 'Cache_Control'],
      },
    );
    expect(long.slice(long.indexOf('instance_id:'))).to.equal(
      'instance_id:"6f1de3a0-5f3c-4bd1-6ee7-9a3d" local_address:"10.0.0.1:40000" dial_time:0.000000 ' +
        'failed_attempts:2 dns_time:"-" tls_time:0.000000 backend_time:1.234568 failed_attempts_time:0.003500 ' +
        'tls_sni:"-" x_cf_routererror:"endpoint_failure (EOF)" x_b3_traceid:"a \\"b\\"" cache_control:"-"',
    );
  });

  it('knows no times and no failed attempt of a request that made none', () => {
    const none = line({}, { extraFields: ['failed_attempts', 'backend_time', 'local_address'] });
    expect(none).to.contain(' failed_attempts:0 backend_time:"-" local_address:"-" x_cf_routererror:');
  });

  const quotes: { name: string; sent: Buffer | string; logged: string }[] = [
    { name: 'quotes and backslashes', sent: 'a"b\\c', logged: '"a\\"b\\\\c"' },
    { name: 'short escapes', sent: '\x07\b\f\n\r\t\v', logged: '"\\a\\b\\f\\n\\r\\t\\v"' },
    { name: 'other control bytes', sent: '\x00\x1b\x7f', logged: '"\\x00\\x1b\\x7f"' },
    { name: 'printable UTF-8', sent: Buffer.from('Grüße 世界 😀'), logged: '"Grüße 世界 😀"' },
    {
      name: 'bytes that are not UTF-8',
      sent: Buffer.from([0x61, 0xff, 0xc3, 0x28]),
      logged: '"a\\xff\\xc3("',
    },
    { name: 'an overlong form', sent: Buffer.from([0xc0, 0xaf]), logged: '"\\xc0\\xaf"' },
    { name: 'an encoded surrogate', sent: Buffer.from([0xed, 0xa0, 0x80]), logged: '"\\xed\\xa0\\x80"' },
    { name: 'a cut sequence', sent: Buffer.from([0xe4, 0xb8]), logged: '"\\xe4\\xb8"' },
    { name: 'C1 controls', sent: Buffer.from('\u0085'), logged: '"\\u0085"' },
    { name: 'invisible runes', sent: Buffer.from('\u200b\u00a0\u2028'), logged: '"\\u200b\\u00a0\\u2028"' },
    { name: 'unassigned runes beyond 16 bits', sent: Buffer.from('\u{e0001}'), logged: '"\\U000e0001"' },
  ];
  for (const { name, sent, logged } of quotes) {
    it(`quotes ${name} as Go does`, () => {
      const userAgent = typeof sent === 'string' ? sent : sent.toString('latin1');
      expect(line({ userAgent })).to.contain(`/" ${logged} "203.0.113.9:51544"`);
    });
  }

  it('reads what a register message said as text, not as bytes', () => {
    const endpoint = { ...ENDPOINT, appId: 'größe', instanceIndex: '1"', instanceId: '\u0001' };
    expect(line({ endpoint })).to.contain(' app_id:"größe" app_index:"1\\"" instance_id:"\\x01" x_cf');
  });

  const targets: {
    name: string;
    given: Partial<RequestRecord>;
    settings?: Partial<AccessLogSettings>;
    expect: string;
  }[] = [
    {
      name: 'origin form as it is',
      given: { target: '/a//b/../%2F;x?y=[1]&&z' },
      expect: 'GET /a//b/../%2F;x?y=[1]&&z',
    },
    { name: 'a lone question mark', given: { target: '/a?' }, expect: 'GET /a?' },
    {
      name: 'absolute form without scheme and host',
      given: { target: 'http://u.example.com:80/a?b' },
      expect: 'GET /a?b',
    },
    { name: 'absolute form without path', given: { target: 'http://u.example.com' }, expect: 'GET /' },
    {
      name: 'absolute form with a query alone',
      given: { target: 'http://u.example.com?q' },
      expect: 'GET /?q',
    },
    { name: 'an asterisk', given: { method: 'OPTIONS', target: '*' }, expect: 'OPTIONS *' },
    { name: 'a number sign encoded', given: { target: '/a#b?c#d' }, expect: 'GET /a%23b?c%23d' },
    { name: 'quotes encoded', given: { target: '/a"b?c="d"' }, expect: 'GET /a%22b?c=%22d%22' },
    {
      name: 'other bytes as Go encodes them',
      given: { target: '/<{|}>^`\\?<{|}>^`\\' },
      expect: 'GET /%3C%7B%7C%7D%3E%5E%60%5C?<{|}>^`\\',
    },
    { name: 'raw UTF-8 encoded', given: { target: '/\xc3\xbc?\xc3\xbc' }, expect: 'GET /%C3%BC?%C3%BC' },
    {
      name: 'no query when all is redacted',
      given: {},
      settings: { redactQueryParams: 'all' },
      expect: 'GET /cart',
    },
    {
      name: 'the SHA-1 of the query when hashed',
      given: { target: '/cart?abc' },
      settings: { redactQueryParams: 'hash' },
      expect: 'GET /cart?hash=a9993e364706816aba3e25717850c26c9cd0d89d',
    },
    {
      name: 'an empty query unredacted',
      given: { target: '/a?' },
      settings: { redactQueryParams: 'hash' },
      expect: 'GET /a?',
    },
    {
      name: 'the query of other methods unredacted',
      given: { method: 'POST' },
      settings: { redactQueryParams: 'all' },
      expect: 'POST /cart?id=7',
    },
  ];
  for (const { name, given, settings, expect: expected } of targets) {
    it(`shows ${name}`, () => {
      expect(line(given, settings)).to.contain(`] "${expected} HTTP/1.1" 200 `);
    });
  }

  it('lets no Host break the line', () => {
    expect(line({ host: 'a b"\n\\\xfc' })).to.match(/^a%20b%22%0A%5C%FC - \[/);
  });

  it('writes nine digits and the right second at its very end', () => {
    const receivedAtMs = Date.UTC(2026, 11, 31, 23, 59, 59, 999) + 0.9995;
    expect(line({ receivedAtMs })).to.match(/^shop\.example\.com - \[2026-12-31T23:59:59\.9999995\d\dZ\] /);
    expect(line({ receivedAtMs: Date.UTC(2027, 0, 1) })).to.contain('[2027-01-01T00:00:00.000000000Z]');
  });

  const times: { ms: number; logged: string }[] = [
    { ms: 999.9996, logged: '1.000000' },
    { ms: 61_000, logged: '61.000000' },
    { ms: 0.0005, logged: '0.000001' },
    { ms: -3, logged: '0.000000' },
  ];
  for (const { ms, logged } of times) {
    it(`writes ${ms} ms as ${logged}`, () => {
      expect(line({ responseTimeMs: ms })).to.contain(` response_time:${logged} gorouter_time:`);
    });
  }
});

describe('an access log line in JSON', () => {
  it('holds the same facts under the same names', () => {
    const options = accessLogOptions({
      ...DEFAULTS,
      extraFields: ['failed_attempts', 'dial_time'],
      extraHeaders: ['X-Thing', 'Y'],
    });
    const record = { ...CART, extraHeaders: ['Gr\xc3\xbc\xc3\x9fe\n', ''], status: 0 };
    expect(accessJson(record, options)).to.equal(
      '{"timestamp":"2025-04-17T08:51:36.123000000Z","host":"shop.example.com","method":"GET",' +
        '"target":"/cart?id=7","protocol":"HTTP/1.1","status":null,"request_bytes":0,"response_bytes":1532,' +
        '"referer":"https://shop.example.com/","user_agent":"curl/8.5.0","client_address":"203.0.113.9:51544",' +
        '"endpoint_address":"10.0.0.5:61002","x_forwarded_for":"203.0.113.9, 10.1.0.4",' +
        '"x_forwarded_proto":"https","vcap_request_id":"6d6f3a52-2f5c-4a3e-4f0b-0d7f5a9c3b1e",' +
        '"response_time":0.012345,"gorouter_time":0.000321,"app_id":"f2a3e0a7-1b7e-4d1c-9a0e-1f0f5e7d9c10",' +
        '"app_index":"0","instance_id":"6f1de3a0-5f3c-4bd1-6ee7-9a3d","upgraded":false,"failed_attempts":0,' +
        '"dial_time":null,"x_cf_routererror":null,"headers":{"x_thing":"Grüße\\n","y":null}}',
    );
  });

  it('hides addresses when told to', () => {
    const options = accessLogOptions({ ...DEFAULTS, disableLogForwardedFor: true, disableLogSourceIp: true });
    const { client_address, x_forwarded_for } = JSON.parse(accessJson(CART, options));
    expect([client_address, x_forwarded_for]).to.deep.equal([null, null]);
  });
});

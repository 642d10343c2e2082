import { expect } from 'chai';
import {
  type ResponseHeadersContext,
  responseHeaders,
  responseTrace,
} from '../../../lib/request/headers-out.ts';

const DATE = 'Wed, 21 Oct 2026 07:28:00 GMT';
const plain: ResponseHeadersContext = {
  requestId: 'our-id',
  setCookies: [],
  trace: undefined,
  routerError: '',
  date: () => DATE,
};

describe('responseHeaders', () => {
  const cases: readonly {
    readonly name: string;
    readonly raw: readonly string[];
    readonly context?: Partial<ResponseHeadersContext>;
    readonly expect: readonly string[];
  }[] = [
    {
      name: 'keeps order, case and duplicates, and adds id and Date',
      raw: ['b', '1', 'Set-Cookie', 'x', 'B', '2', 'set-cookie', 'y', 'Content-Length', '3', 'Server', 's'],
      expect: [
        ...['b', '1', 'Set-Cookie', 'x', 'B', '2', 'set-cookie', 'y', 'Content-Length', '3', 'Server', 's'],
        ...['X-Vcap-Request-Id', 'our-id', 'Date', DATE],
      ],
    },
    {
      name: "leaves the app's own id and Date alone",
      raw: ['x-vcap-request-id', 'theirs', 'date', 'whenever'],
      expect: ['x-vcap-request-id', 'theirs', 'date', 'whenever'],
    },
    {
      name: 'strips the fields of one hop and those nominated',
      raw: [
        ...[
          'Connection',
          'close, X-Secret, Set-Cookie, X-Vcap-Request-Id, Date',
          'X-Secret',
          '1',
          'Keep-Alive',
          'timeout=5',
        ],
        ...[
          'Transfer-Encoding',
          'chunked',
          'Upgrade',
          'h2c',
          'Set-Cookie',
          'x',
          'X-Vcap-Request-Id',
          'id',
          'Date',
          'd',
        ],
      ],
      expect: ['Set-Cookie', 'x', 'X-Vcap-Request-Id', 'id', 'Date', 'd'],
    },
    {
      name: 'keeps the announcement of trailers',
      raw: ['Trailer', 'Grpc-Status', 'Date', 'd'],
      expect: ['Trailer', 'Grpc-Status', 'Date', 'd', 'X-Vcap-Request-Id', 'our-id'],
    },
    {
      name: 'removes X-CF-Proxy-Signature and passes the other fields of route services',
      raw: ['X-CF-Proxy-Signature', 's', 'X-CF-Proxy-Metadata', 'm', 'Date', 'd'],
      expect: ['X-CF-Proxy-Metadata', 'm', 'Date', 'd', 'X-Vcap-Request-Id', 'our-id'],
    },
    {
      name: "passes the app's X-Cf-RouterError",
      raw: ['X-Cf-RouterError', 'app', 'Date', 'd'],
      expect: ['X-Cf-RouterError', 'app', 'Date', 'd', 'X-Vcap-Request-Id', 'our-id'],
    },
    {
      name: 'replaces it by one of our own',
      raw: ['X-Cf-RouterError', 'app', 'Date', 'd'],
      context: { routerError: 'ours' },
      expect: ['Date', 'd', 'X-Vcap-Request-Id', 'our-id', 'X-Cf-Routererror', 'ours'],
    },
    {
      name: "adds sticky cookies after the app's",
      raw: ['Set-Cookie', 'x', 'Date', 'd'],
      context: { setCookies: ['__VCAP_ID__=1', '__VCAP_ID_META__=2'] },
      expect: [
        ...['Set-Cookie', 'x', 'Date', 'd', 'X-Vcap-Request-Id', 'our-id'],
        ...['Set-Cookie', '__VCAP_ID__=1', 'Set-Cookie', '__VCAP_ID_META__=2'],
      ],
    },
    {
      name: 'adds what a trace asks for',
      raw: ['Date', 'd'],
      context: { trace: { routerIp: '192.0.2.1', address: '10.0.0.1:80' } },
      expect: [
        ...['Date', 'd', 'X-Vcap-Request-Id', 'our-id', 'X-Vcap-Router', '192.0.2.1'],
        ...['X-Vcap-Backend', '10.0.0.1:80', 'X-Cf-Routeendpoint', '10.0.0.1:80'],
      ],
    },
    {
      name: 'puts Upgrade back on a 101',
      raw: ['Connection', 'upgrade', 'Upgrade', 'WebSocket', 'Sec-WebSocket-Accept', 'x'],
      context: { upgrade: 'WebSocket', date: () => '' },
      expect: [
        ...['Sec-WebSocket-Accept', 'x', 'X-Vcap-Request-Id', 'our-id'],
        ...['Connection', 'Upgrade', 'Upgrade', 'WebSocket'],
      ],
    },
  ];

  for (const { name, raw, context, expect: expected } of cases) {
    it(name, () => {
      expect(responseHeaders(raw, { ...plain, ...context })).to.deep.equal(expected);
    });
  }
});

describe('responseTrace', () => {
  const settings = { traceKey: '22', routerIp: '192.0.2.1' };
  const trace = { routerIp: '192.0.2.1', address: '10.0.0.1:80' };

  it('gives a trace for exactly the right key', () => {
    expect(responseTrace(['X-Vcap-Trace', '22'], settings, '10.0.0.1:80')).to.deep.equal(trace);
    expect(responseTrace(['X-Vcap-Trace', '222'], settings, '10.0.0.1:80')).to.equal(undefined);
    expect(responseTrace([], settings, '10.0.0.1:80')).to.equal(undefined);
  });

  it('gives none for an empty key when none is configured', () => {
    expect(responseTrace(['X-Vcap-Trace', ''], { ...settings, traceKey: '' }, 'x')).to.equal(undefined);
  });
});

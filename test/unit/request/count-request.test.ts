import { expect } from 'chai';
import type { ErrorCode } from '../../../lib/errors.ts';
import { countFailure, countRequest } from '../../../lib/request/count-request.ts';
import { type CounterValues, zeroCounters } from '../../../lib/request/counters.ts';
import { reasonPhrase } from '../../../lib/request/reason-phrase.ts';
import type { RequestRecord } from '../../../lib/request/record.ts';
import { anEndpoint } from '../../support/endpoint-fixture.ts';

const RECORD: RequestRecord = {
  host: 'app.test',
  method: 'GET',
  target: '/',
  protocol: 'HTTP/1.1',
  receivedAtMs: 0,
  responseTimeMs: 5,
  gorouterTimeMs: 1,
  status: 200,
  requestBytes: 3,
  responseBytes: 7,
  referer: '',
  userAgent: '',
  clientAddress: '127.0.0.1:1',
  forwardedFor: '',
  forwardedProto: '',
  requestId: '',
  routerError: '',
  endpoint: anEndpoint(),
  extraHeaders: [],
  attempts: undefined,
  upgraded: false,
};

/** The counters that are not 0. */
function changed(counters: CounterValues): Partial<Record<keyof CounterValues, number>> {
  const { latency, ...rest } = counters;
  const entries = Object.entries(rest).filter(([, value]) => value !== 0);
  const observed = latency.reduce((sum, count) => sum + count, 0);
  return { ...Object.fromEntries(entries), latency: observed };
}

describe('countRequest', () => {
  const BASE = { requests: 1, requestBytes: 3, responseBytes: 7 };
  const CASES: readonly { name: string; given: Partial<RequestRecord>; expect: object }[] = [
    { name: '200', given: {}, expect: { ...BASE, responses2xx: 1, latency: 1 } },
    { name: '304', given: { status: 304 }, expect: { ...BASE, responses3xx: 1, latency: 1 } },
    { name: '499', given: { status: 499 }, expect: { ...BASE, responses4xx: 1, latency: 1 } },
    { name: '502 of an endpoint', given: { status: 502 }, expect: { ...BASE, responses5xx: 1, latency: 1 } },
    {
      name: 'a tunnel',
      given: { status: 101, upgraded: true },
      expect: { ...BASE, responsesOther: 1, latency: 0 },
    },
    {
      name: '404 without an endpoint',
      given: { status: 404, endpoint: undefined },
      expect: { ...BASE, rejectedRequests: 1, badRequests: 1, latency: 1 },
    },
    {
      name: 'an empty host',
      given: { status: 400, routerError: 'empty_host', endpoint: undefined },
      expect: { ...BASE, rejectedRequests: 1, badRequests: 1, latency: 1 },
    },
    {
      name: 'the connection limit',
      given: { status: 503, routerError: 'Connection Limit Reached', endpoint: undefined },
      expect: { ...BASE, backendExhaustedConns: 1, latency: 1 },
    },
  ];
  for (const { name, given, expect: expected } of CASES) {
    it(`counts ${name}`, () => {
      const counters = zeroCounters();
      countRequest(counters, { ...RECORD, ...given });
      expect(changed(counters)).to.deep.equal(expected);
    });
  }
});

describe('countFailure', () => {
  const CASES: readonly [ErrorCode, keyof CounterValues | undefined][] = [
    ['DIAL_REFUSED', 'badGateways'],
    ['ENDPOINT_TIMEOUT', 'badGateways'],
    ['NO_ENDPOINT', 'badGateways'],
    ['CERT_NAME_MISMATCH', 'backendInvalidId'],
    ['CERT_UNTRUSTED', 'backendInvalidTlsCert'],
    ['CERT_EXPIRED', 'backendInvalidTlsCert'],
    ['TLS_NOT_TLS', 'backendTlsHandshakeFailed'],
    ['CERT_REJECTED_BY_ENDPOINT', undefined],
    ['CLIENT_GONE', undefined],
  ];
  for (const [code, counter] of CASES) {
    it(`${code}: ${counter ?? 'nothing'}`, () => {
      const counters = zeroCounters();
      countFailure(counters, code);
      expect(changed(counters)).to.deep.equal({
        latency: 0,
        ...(counter === undefined ? {} : { [counter]: 1 }),
      });
    });
  }
});

describe('reasonPhrase', () => {
  for (const [status, expected] of [
    [200, 'OK'],
    [404, 'Not Found'],
    [413, 'Request Entity Too Large'],
    [418, "I'm a teapot"],
    [499, 'status code 499'],
    [525, 'status code 525'],
    [599, 'status code 599'],
  ] as const) {
    it(`${status}: ${expected}`, () => expect(reasonPhrase(status)).to.equal(expected));
  }
});

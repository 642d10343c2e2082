import { expect } from 'chai';
import type { ErrorCode } from '../../../lib/errors.ts';
import { countAttempt, countFailure, countRequest } from '../../../lib/request/count-request.ts';
import {
  addCounters,
  type Counters,
  type CounterValues,
  copyCounters,
  latencyBucket,
  workerCounters,
  zeroCounters,
} from '../../../lib/request/counters.ts';
import { reasonPhrase } from '../../../lib/request/reason-phrase.ts';
import type { RequestRecord } from '../../../lib/request/record.ts';
import { noTraffic } from '../../../lib/request/traffic.ts';
import { anEndpoint } from '../../support/endpoint-fixture.ts';

const RECORD: RequestRecord = {
  host: 'app.test',
  method: 'GET',
  target: '/',
  targetIsPlain: false,
  valuesArePlain: false,
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
function changed(counters: Counters): Partial<Record<keyof CounterValues, number>> {
  const {
    latency,
    latencySumMs: _____,
    components: _,
    latest: __,
    timeLookup: ___,
    sources: ____,
    traffic: ______,
    ...rest
  } = counters;
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
      name: 'an instance that does not exist',
      given: { status: 400, routerError: 'unknown_route', endpoint: undefined },
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
      const counters = workerCounters();
      countRequest(counters, { ...RECORD, ...given });
      expect(changed(counters)).to.deep.equal(expected);
    });
  }
});

describe('countRequest, by tag', () => {
  const tagged = (component: string, source: string) =>
    anEndpoint({ tags: { component, source_id: source } });

  it('counts answers of endpoints by their component, and keeps the time of the latest', () => {
    const counters = workerCounters();
    countRequest(counters, { ...RECORD, endpoint: tagged('api', 'a'), receivedAtMs: 1000 });
    countRequest(counters, {
      ...RECORD,
      endpoint: tagged('api', 'a'),
      status: 503,
      receivedAtMs: 2000,
      responseTimeMs: 9,
      gorouterTimeMs: 2,
    });
    countRequest(counters, { ...RECORD, endpoint: undefined, status: 404, receivedAtMs: 3000 });
    expect([...counters.components.keys()]).to.deep.equal(['api']);
    expect(counters.components.get('api')).to.include({
      requests: 2,
      responses2xx: 1,
      responses5xx: 1,
      latencyMs: 9,
      finishedAtMs: 2009,
    });
    expect(counters.latest).to.include({ finishedAtMs: 3005, gorouterMs: 1 });
  });

  it('lets the life of a tunnel be no latency', () => {
    const counters = workerCounters();
    countRequest(counters, { ...RECORD, upgraded: true, status: 101 });
    expect(counters.components.get('')).to.include({ responsesOther: 1, latencyMs: 0, finishedAtMs: 0 });
  });

  it('keeps seconds by source_id only where somebody wants them', () => {
    const off = workerCounters();
    const on = workerCounters({ bySource: true });
    for (const counters of [off, on]) {
      countRequest(counters, { ...RECORD, endpoint: tagged('api', 'a') });
      countRequest(counters, { ...RECORD, endpoint: undefined, status: 404, responseTimeMs: 1 });
    }
    expect(off.sources).to.equal(undefined);
    expect([...(on.sources ?? [])]).to.deep.equal([
      ['a', 0.005],
      ['gorouter', 0.001],
    ]);
  });

  it('counts apps, and the times of components, when somebody wants to know', () => {
    const counters = workerCounters({ traffic: noTraffic() });
    const api = anEndpoint({ appId: 'one', tags: { component: 'api' } });
    for (const record of [
      { endpoint: api, responseTimeMs: 100 },
      { endpoint: api, upgraded: true },
      { endpoint: anEndpoint({ appId: 'two' }) },
      { endpoint: anEndpoint({ appId: '' }) },
      { endpoint: undefined },
    ]) {
      countRequest(counters, { ...RECORD, ...record });
    }
    const { apps, latency } = counters.traffic!;
    expect([...apps]).to.deep.equal([
      ['one', 2],
      ['two', 1],
    ]);
    expect([...latency.keys()]).to.deep.equal(['api']);
    expect(latency.get('api')?.[latencyBucket(100)]).to.equal(1);
    expect(workerCounters().traffic).to.equal(undefined);
  });

  it('has a bound for the number of components and of sources', () => {
    const counters = workerCounters({ bySource: true });
    for (let i = 0; i < 11_000; i += 1) {
      countRequest(counters, { ...RECORD, endpoint: tagged(`c${i}`, `s${i}`) });
    }
    expect(counters.components.size).to.equal(257);
    expect(counters.components.get('(other)')?.requests).to.equal(11_000 - 256);
    expect(counters.sources?.size).to.equal(10_000);
  });
});

describe('addCounters', () => {
  it('adds the counts of each component, and keeps what was latest', () => {
    const early = workerCounters();
    const late = workerCounters();
    for (const [counters, receivedAtMs, responseTimeMs] of [
      [early, 1000, 7],
      [late, 2000, 8],
    ] as const) {
      countAttempt(counters, anEndpoint({ tags: { component: 'api' } }), false);
      countAttempt(counters, anEndpoint(), true);
      const endpoint = anEndpoint({ tags: { component: 'api' } });
      countRequest(counters, { ...RECORD, endpoint, receivedAtMs, responseTimeMs });
    }
    for (const order of [
      [early, late],
      [late, early],
    ]) {
      const total = zeroCounters();
      for (const counters of order) addCounters(total, copyCounters(counters));
      expect(total).to.include({ attempts: 4, retries: 2, requests: 2 });
      expect(total.components.get('api')).to.include({ attempts: 2, requests: 2, latencyMs: 8 });
      expect(total.components.get('')).to.include({ attempts: 2, requests: 0 });
      expect(total.latest.finishedAtMs).to.equal(2008);
    }
  });

  it('does not touch what it adds', () => {
    const worker = workerCounters();
    countRequest(worker, RECORD);
    const copy = copyCounters(worker);
    const total = zeroCounters();
    addCounters(total, copy);
    addCounters(total, copy);
    expect(total.requests).to.equal(2);
    expect(copy.components.get('')?.requests).to.equal(1);
  });
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
      const counters = workerCounters();
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

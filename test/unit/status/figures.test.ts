import { expect } from 'chai';
import { componentCounts } from '../../../lib/request/component-counts.ts';
import { LATENCY_BOUNDS_MS, latencyBucket, zeroCounters } from '../../../lib/request/counters.ts';
import { isAuthorized } from '../../../lib/status/basic-auth.ts';
import { CpuShare } from '../../../lib/status/cpu-share.ts';
import { percentilesMs } from '../../../lib/status/percentiles.ts';
import { Rates } from '../../../lib/status/rates.ts';
import { type VarzInput, varz } from '../../../lib/status/varz.ts';
import { aWorker, someFigures, someProcess, someStats } from '../../support/status-sources.ts';

describe('percentilesMs', () => {
  function histogram(latenciesMs: readonly number[]): number[] {
    const { latency } = zeroCounters();
    for (const ms of latenciesMs) latency[latencyBucket(ms)]! += 1;
    return latency;
  }

  it('is 0 when there were no requests', () => {
    expect(percentilesMs(histogram([]), [0.5, 0.99])).to.deep.equal([0, 0]);
  });

  it('is within a quarter of the true value, and rises with the share', () => {
    const latencies = Array.from({ length: 10_000 }, (_, i) => 0.2 + (i / 10_000) ** 4 * 2000);
    const shares = [0.01, 0.5, 0.75, 0.9, 0.95, 0.99, 1];
    const found = percentilesMs(histogram(latencies), shares);
    shares.forEach((share, i) => {
      const truth = latencies[Math.ceil(share * 10_000) - 1]!;
      expect(found[i]! / truth, `share ${share}`).to.be.within(0.75, 1.26);
    });
    expect(found).to.deep.equal([...found].sort((a, b) => a - b));
  });

  it('takes the fast majority, not the slow few, as the median', () => {
    const [median, worst] = percentilesMs(histogram([...Array(99).fill(1), 5000]), [0.5, 1]);
    expect(median).to.be.within(0.8, 1.25);
    expect(worst).to.be.within(4000, 6250);
  });

  it('counts what is beyond the last bound as that bound', () => {
    expect(percentilesMs(histogram([1e9]), [0.5])).to.deep.equal([LATENCY_BOUNDS_MS.at(-1)]);
  });
});

describe('Rates', () => {
  it('starts with the first interval and follows a change faster in the shorter window', () => {
    const rates = new Rates();
    rates.tick(1000, 0);
    expect(rates.perSecond()).to.deep.equal([0, 0, 0]);
    rates.tick(1500, 5000);
    expect(rates.perSecond()).to.deep.equal([100, 100, 100]);
    for (let s = 10; s <= 65; s += 5) rates.tick(1500, s * 1000);
    const [one, five, fifteen] = rates.perSecond();
    expect(one).to.be.closeTo(100 * Math.exp(-1), 0.01);
    expect(five).to.be.closeTo(100 * Math.exp(-1 / 5), 0.01);
    expect(fifteen).to.be.closeTo(100 * Math.exp(-1 / 15), 0.01);
  });

  it('does not depend on how often it is asked, and never becomes negative', () => {
    const coarse = new Rates();
    const fine = new Rates();
    for (let s = 0; s <= 120; s += 10) coarse.tick(s * 50, s * 1000);
    for (let s = 0; s <= 120; s += 1) fine.tick(s * 50, s * 1000);
    expect(fine.perSecond()[0]).to.be.closeTo(coarse.perSecond()[0], 1e-6);
    fine.tick(0, 121_000);
    fine.tick(0, 121_000);
    expect(Math.min(...fine.perSecond())).to.be.at.least(0);
  });
});

describe('CpuShare', () => {
  const worker = (pid: number, cpuMs: number) => aWorker({ pid, stats: someStats({ cpuMs }) });

  it('adds up all processes, and takes neither a start nor an end of a worker for work', () => {
    const cpu = new CpuShare();
    cpu.tick(100, [worker(1, 5000)], 0);
    expect(cpu.value).to.equal(0);
    cpu.tick(200, [worker(1, 5900), worker(2, 300)], 1000);
    expect(cpu.value).to.equal(1);
    cpu.tick(200, [worker(2, 550), aWorker({ pid: 3, stats: undefined })], 2000);
    expect(cpu.value).to.equal(0.25);
  });
});

describe('isAuthorized', () => {
  const good = Buffer.from('user:secret').toString('base64');
  const cases: { name: string; header: string | undefined; expect: boolean }[] = [
    { name: 'the right credentials', header: `Basic ${good}`, expect: true },
    { name: 'no header', header: undefined, expect: false },
    { name: 'an empty header', header: '', expect: false },
    { name: 'another case of the scheme', header: `basic ${good}`, expect: false },
    { name: 'two blanks', header: `Basic  ${good}`, expect: false },
    { name: 'something behind', header: `Basic ${good} x`, expect: false },
    {
      name: 'base64 without padding',
      header: `Basic ${good.replace(/=+$/, '')}`,
      expect: good.endsWith('=') === false,
    },
    {
      name: 'another password',
      header: `Basic ${Buffer.from('user:Secret').toString('base64')}`,
      expect: false,
    },
    {
      name: 'a longer password',
      header: `Basic ${Buffer.from('user:secret:').toString('base64')}`,
      expect: false,
    },
    { name: 'bytes that are not base64', header: 'Basic \xff\xfe', expect: false },
  ];
  for (const { name, header, expect: expected } of cases) {
    it(`says ${expected} to ${name}`, () => {
      expect(isAuthorized(header, 'user', 'secret')).to.equal(expected);
    });
  }

  it('wants the credentials of nobody when none are configured', () => {
    expect(isAuthorized('Basic Og==', '', '')).to.equal(true);
    expect(isAuthorized(undefined, '', '')).to.equal(false);
  });

  it('never takes a password with a colon, since two pairs could mean the same', () => {
    const header = `Basic ${Buffer.from('a:b:c').toString('base64')}`;
    expect([isAuthorized(header, 'a:b', 'c'), isAuthorized(header, 'a', 'b:c')]).to.deep.equal([
      false,
      false,
    ]);
  });
});

describe('varz', () => {
  const input: VarzInput = {
    figures: someFigures({
      total: {
        ...zeroCounters(),
        requests: 10,
        responses2xx: 6,
        responsesOther: 1,
        badRequests: 2,
        badGateways: 3,
      },
    }),
    workers: [aWorker(), aWorker({ id: 2, stats: undefined })],
    primary: someProcess(),
    host: '0.0.0.0:8080',
    user: 'u',
    pass: 'p',
    nowMs: Date.UTC(2026, 10, 23, 18, 35, 22),
    cores: 2,
    maxRssKb: 1000,
    cpu: 0.5,
    rates: [3, 2, 1],
    componentRates: new Map(),
  };

  it('has all members of gorouter', () => {
    const { tags, latency, workers, ...flat } = varz(input);
    expect(flat).to.include({
      type: 'Router',
      index: 3,
      host: '0.0.0.0:8080',
      uuid: '3-6d6f3a52-2f5c-4a3e-8f0b-0d7f5a9c3b1e',
      start: '2026-11-22 16:32:18 +0000',
      uptime: '1d:2h:3m:4s',
      num_cores: 2,
      mem: 1000 + 50 * 1024,
      cpu: 0.5,
      urls: 7,
      droplets: 8,
      bad_requests: 2,
      bad_gateways: 3,
      requests: 10,
      requests_per_sec: 3,
      responses_2xx: 6,
      responses_3xx: 0,
      responses_4xx: 0,
      responses_5xx: 0,
      responses_xxx: 1,
      ms_since_last_registry_update: 1234,
    });
    expect(flat.credentials).to.deep.equal(['u', 'p']);
    expect(flat.rate).to.deep.equal([3, 2, 1]);
    expect(flat.log_counts).to.deep.equal({});
    expect(flat.top10_app_requests).to.deep.equal([]);
    expect(tags).to.deep.equal({ component: {} });
    expect(latency).to.deep.equal({ 50: 0, 75: 0, 90: 0, 95: 0, 99: 0, value: 5e-7, samples: 1 });
  });

  it('shows components by their tag, and the busiest apps', () => {
    const total = zeroCounters();
    Object.assign(componentCounts(total.components, ''), { requests: 5 });
    Object.assign(componentCounts(total.components, 'api'), {
      requests: 3,
      responses2xx: 2,
      responses5xx: 1,
    });
    const counts = total.latency.slice();
    counts[latencyBucket(100)]! += 3;
    const figures = someFigures({
      total,
      componentLatency: new Map([['api', counts]]),
      busiestApps: [
        { app: 'one', requests: 125 },
        { app: 'two', requests: 59 },
      ],
    });
    const shown = varz({ ...input, figures, componentRates: new Map([['api', [1, 0.5, 0.25]]]) });
    const { component } = shown.tags as { component: Record<string, Record<string, unknown>> };
    expect(Object.keys(component)).to.deep.equal(['api']);
    const { latency, ...api } = component.api!;
    expect(api).to.deep.equal({
      requests: 3,
      rate: [1, 0.5, 0.25],
      responses_2xx: 2,
      responses_3xx: 0,
      responses_4xx: 0,
      responses_5xx: 1,
      responses_xxx: 0,
    });
    expect((latency as Record<string, number>)['50']).to.be.within(0.08, 0.125);
    expect(shown.top10_app_requests).to.deep.equal([
      { application_id: 'one', rpm: 125, rps: 2 },
      { application_id: 'two', rpm: 59, rps: 0 },
    ]);
  });

  it('gives latencies in seconds', () => {
    const total = zeroCounters();
    total.latency[latencyBucket(100)]! += 1000;
    const { latency } = varz({ ...input, figures: someFigures({ total }) });
    expect((latency as Record<string, number>)['99']).to.be.within(0.08, 0.125);
  });

  it('adds how the table, the store, the bus, the primary and each worker stand', () => {
    const lastSavedAtMs = input.nowMs - 500;
    const store = { kind: 'redis', lastSavedAtMs, failing: true };
    const answer = varz({ ...input, figures: someFigures({ store }) });
    expect(answer).to.include({ epoch: 'e1', sequence: 41, checksum: 99, endpoints: 9 });
    expect(answer.store).to.deep.equal({ kind: 'redis', last_saved_ms_ago: 500, failing: true });
    expect(varz(input).store).to.deep.include({ last_saved_ms_ago: -1 });
    expect(answer.nats).to.deep.equal({ connected: true });
    expect(answer.primary).to.deep.equal({
      pid: 4710,
      rss_bytes: 80_000_000,
      heap_used_bytes: 20_000_000,
      cpu_ms: 2500,
      loop_delay_max_ms: 12,
    });
    const [first, second] = answer.workers as Record<string, unknown>[];
    expect(first).to.include({
      id: 1,
      pid: 4711,
      acked_sequence: 40,
      lag_changes: 1,
      lag_ms: 2.5,
      rss_bytes: 52_428_800,
    });
    expect(second).to.include({ id: 2, requests: null, rss_bytes: null });
  });
});

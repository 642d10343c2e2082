import { expect } from 'chai';
import type { WorkerStats } from '../../../lib/ipc/messages.ts';
import { workerCounters } from '../../../lib/request/counters.ts';
import { StatsReporter } from '../../../lib/worker/stats-reporter.ts';

const FIGURES = {
  activeRequests: 0,
  openConnections: 0,
  openTunnels: 0,
  idleEndpointConnections: 0,
  routes: 0,
  endpoints: 0,
};

describe('StatsReporter', () => {
  function aReporter() {
    const counters = workerCounters({ bySource: true });
    const sent: WorkerStats[] = [];
    let nowMs = 0;
    let canSend = true;
    const reporter = new StatsReporter(
      { counters, figures: () => FIGURES },
      (stats) => {
        if (canSend) sent.push(stats);
        return canSend;
      },
      () => nowMs,
    );
    return {
      counters,
      sent,
      reporter,
      at: (ms: number) => {
        nowMs = ms;
        reporter.report();
      },
      canSend: (can: boolean) => {
        canSend = can;
      },
    };
  }

  it('says nothing twice, but something every 10 s', () => {
    const { sent, at, counters } = aReporter();
    at(0);
    at(1_000);
    at(9_999);
    expect(sent).to.have.lengthOf(1);
    at(10_000);
    expect(sent).to.have.lengthOf(2);
    counters.requests += 1;
    at(11_000);
    expect(sent.map(({ counters: said }) => said.requests)).to.deep.equal([0, 0, 1]);
  });

  it('gives the times of apps once, and only when they could be sent', () => {
    const { sent, at, counters, canSend } = aReporter();
    counters.sources?.set('a', 1);
    counters.requests += 1;
    canSend(false);
    at(0);
    canSend(true);
    at(1_000);
    counters.requests += 1;
    at(2_000);
    expect(sent.map(({ sources }) => [...(sources ?? [])])).to.deep.equal([[['a', 1]], []]);
  });

  it('sends what stays as it is, and has the next lookup timed', () => {
    const { sent, at, counters } = aReporter();
    counters.timeLookup = false;
    at(0);
    expect(counters.timeLookup).to.equal(true);
    counters.latency[3] = 7;
    counters.latest.lookupNs = 9;
    expect(sent[0]?.counters.latency[3]).to.equal(0);
    expect(sent[0]?.counters.latest.lookupNs).to.equal(0);
    expect(sent[0]?.counters).to.not.have.any.keys('timeLookup', 'sources', 'traffic');
  });
});

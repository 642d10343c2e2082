import { expect } from 'chai';
import { WorkerEnd } from '../../../lib/worker/worker-end.ts';
import { until } from '../../support/until.ts';

/** A lane with a request and a tunnel, which end when told or cut. */
function aLane() {
  const figures = { activeRequests: 1, openConnections: 3, openTunnels: 1 };
  const did: string[] = [];
  return {
    did,
    servers: [],
    figures: () => ({ ...figures }),
    /** Drained connections that are no tunnels go. */
    drain: (): Promise<void> => {
      did.push('drain');
      figures.openConnections = figures.openTunnels + figures.activeRequests;
      return new Promise(() => {});
    },
    stop: (): void => {
      did.push('stop');
      Object.assign(figures, { activeRequests: 0, openConnections: 0, openTunnels: 0 });
    },
    endTunnels: (ms: number): void => {
      did.push(`end tunnels ${ms > 0 ? 'one by one' : 'at once'}`);
    },
    finishTunnel: (): void => {
      figures.openTunnels = 0;
      figures.openConnections = figures.activeRequests;
    },
    finishRequest: (): void => {
      figures.activeRequests = 0;
      figures.openConnections = figures.openTunnels;
    },
  };
}

function anEnd(tunnelSpreadMs = 0) {
  const lane = aLane();
  const end = new WorkerEnd({
    traffic: lane,
    tunnelSpreadMs,
    onBegin: (active, idle) => lane.did.push(`begin ${active} ${idle}`),
    onEnd: async () => {
      lane.did.push('end');
    },
  });
  return { lane, end };
}

describe('WorkerEnd', () => {
  it('waits for requests, not for tunnels', async () => {
    const { lane, end } = anEnd();
    const ended = end.begin(600_000);
    await until(() => lane.did.includes('drain'), 'the drain');
    expect(lane.did).to.deep.equal(['begin 1 1', 'drain']);
    lane.finishRequest();
    await ended;
    expect(lane.did).to.deep.equal(['begin 1 1', 'drain', 'end tunnels at once', 'stop', 'end']);
  });

  it('has tunnels ended one by one when no request is left, and waits for that', async () => {
    const { lane, end } = anEnd(300_000);
    const ended = end.begin(600_000);
    await until(() => lane.did.includes('drain'), 'the drain');
    lane.finishRequest();
    await until(() => lane.did.includes('end tunnels one by one'), 'the tunnels to be told');
    expect(lane.did).to.not.include('stop');
    lane.finishTunnel();
    await ended;
    expect(lane.did).to.deep.equal(['begin 1 1', 'drain', 'end tunnels one by one', 'stop', 'end']);
  });

  it('has them ended within the time that is left while requests still run', async () => {
    const { lane, end } = anEnd(600_000);
    const ended = end.begin(300_000);
    await until(() => lane.did.includes('end tunnels one by one'), 'the tunnels to be told');
    expect(lane.did).to.deep.equal(['begin 1 1', 'drain', 'end tunnels one by one']);
    lane.finishTunnel();
    lane.finishRequest();
    await ended;
  });

  it('cuts tunnels that outlive their time', async () => {
    const { lane, end } = anEnd(100);
    const ended = end.begin(600_000);
    await until(() => lane.did.includes('drain'), 'the drain');
    lane.finishRequest();
    await ended;
    expect(lane.did).to.deep.equal(['begin 1 1', 'drain', 'end tunnels one by one', 'stop', 'end']);
  });

  it('cuts when its time is over', async () => {
    const { lane, end } = anEnd();
    await end.begin(20);
    expect(lane.did).to.deep.equal(['begin 1 1', 'drain', 'stop', 'end']);
  });

  it('keeps the earliest deadline, and begins once', async () => {
    const { lane, end } = anEnd();
    const first = end.begin(600_000);
    const second = end.begin(0);
    // The full time of a drain may be told after a cut, when both were decided upon at once.
    const third = end.begin(600_000);
    await Promise.all([first, second, third]);
    expect(lane.did).to.deep.equal(['begin 1 1', 'drain', 'stop', 'end']);
  });
});

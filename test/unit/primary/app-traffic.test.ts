import { expect } from 'chai';
import { AppTraffic } from '../../../lib/primary/app-traffic.ts';
import { noTraffic } from '../../../lib/request/traffic.ts';

/** What a worker tells. */
const counted = (apps: Readonly<Record<string, number>>) => ({
  ...noTraffic(),
  apps: new Map(Object.entries(apps)),
});

describe('AppTraffic', () => {
  it('sums over workers and shows the busiest first, equals by name', () => {
    const traffic = new AppTraffic();
    traffic.add(counted({ a: 2, b: 5, c: 1 }), 0);
    traffic.add(counted({ a: 4, d: 1 }), 1000);
    expect(traffic.busiest(3, 2000)).to.deep.equal([
      { app: 'a', requests: 6 },
      { app: 'b', requests: 5 },
      { app: 'c', requests: 1 },
    ]);
    expect(traffic.busiest(10, 2000)).to.have.length(4);
  });

  it('forgets what is older than a minute', () => {
    const traffic = new AppTraffic();
    for (let second = 0; second < 120; second += 1) {
      traffic.add(counted({ [second < 60 ? 'old' : 'new']: 1 }), second * 1000);
    }
    expect(traffic.busiest(10, 119_000)).to.deep.equal([{ app: 'new', requests: 60 }]);
    expect(traffic.busiest(10, 300_000)).to.deep.equal([]);
  });

  it('tells once which apps were in use, however long nobody asks', () => {
    const traffic = new AppTraffic();
    traffic.add(counted({ a: 1 }), 0);
    traffic.add(counted({ b: 1, a: 1 }), 600_000);
    expect(traffic.takeActive()).to.deep.equal(['a', 'b']);
    expect(traffic.takeActive()).to.deep.equal([]);
    traffic.add(counted({ a: 1 }), 600_001);
    expect(traffic.takeActive()).to.deep.equal(['a']);
  });
});

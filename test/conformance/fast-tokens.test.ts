import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { describeLane, route } from '../support/lane-fixture.ts';
import { seededRandom } from '../support/random.ts';
import { emptyLedger, TokenBackend } from '../support/token-backend.ts';
import { emptyTally, runTokenClient } from '../support/token-client.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;
const CLIENTS = 100;
const EXCHANGES = 40;
const HOSTS = ['a.test', 'b.test'];

function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describeLane('thousands of exchanges at once', (stage) => {
  for (const seed of [7, 2_026]) {
    it(`each get what is theirs and nothing else, seed ${seed}`, async function () {
      this.timeout(180_000);
      const lane = await stage.start();
      const ledger = emptyLedger();
      const backends = await Promise.all([1, 2, 3].map(() => TokenBackend.start(stage.closing, ledger)));
      const endpoints = HOSTS.flatMap((host) =>
        route(
          lane,
          host,
          backends.map(({ port }) => ({ port })),
        ),
      );
      const tally = emptyTally();
      const client = (i: number): Promise<void> =>
        runTokenClient({
          port: lane.port,
          hosts: HOSTS,
          name: `s${seed}c${i}`,
          exchanges: EXCHANGES,
          random: seededRandom(seed * 1_000 + i),
          ledger,
          tally,
        });
      const before = heldBytes();

      await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(i)));

      expect(ledger.violations.slice(0, 20)).to.deep.equal([]);
      const forged = [...ledger.completed].filter((token) => !ledger.answered.has(token));
      expect(forged, 'answers that were cut and look complete').to.deep.equal([]);
      expect(tally.sent).to.equal(CLIENTS * EXCHANGES);
      expect(tally.complete, JSON.stringify(tally)).to.be.above(tally.sent * 0.5);
      // Without a body there is nothing of a POST that a stale connection could have lost: it may be sent again.
      const twice = [...ledger.received].filter(([token, count]) => {
        const { method, requestSize } = ledger.exchanges.get(token)!;
        return count > 1 && method === 'POST' && requestSize > 0;
      });
      expect(twice, 'POSTs that came more than once').to.deep.equal([]);

      await until(() => lane.figures().openConnections === 0, 'all connections to be closed');
      expect(lane.figures()).to.include({ activeRequests: 0, openTunnels: 0 });
      for (const endpoint of endpoints) expect(lane.states.inFlight(endpoint)).to.equal(0);
      const { counters, records } = lane;
      expect(counters.connectionsClosed).to.equal(counters.connectionsOpened);
      expect(counters.requests).to.equal(records.length);
      expect(counters.latency.reduce((sum, count) => sum + count, 0)).to.equal(records.length);
      expect(counters.responses2xx + counters.responses4xx + counters.responses5xx).to.equal(records.length);
      expect(counters.responses2xx).to.be.at.least(tally.complete);
      // Idle ones apart, nothing is open towards the backends.
      await until(
        () =>
          backends.reduce((sum, { connections }) => sum + connections, 0) ===
          lane.figures().idleEndpointConnections,
        'leases to be returned',
      );
      expect(lane.lines.filter(({ message }) => message === 'panic-check')).to.deep.equal([]);

      records.length = 0;
      lane.lines.length = 0;
      lane.reports.length = 0;
      ledger.exchanges.clear();
      await until(() => heldBytes() - before < 24 * MIB, 'memory to come back');
    });
  }
});

import { expect } from 'chai';
import { makeCa, makeCert } from '../support/certificates.ts';
import { aFrontTls } from '../support/front-tls-fixture.ts';
import { describeLane, route } from '../support/lane-fixture.ts';
import { announcing } from '../support/proxy-header-fixture.ts';
import { seededRandom } from '../support/random.ts';
import { emptyLedger, TokenBackend } from '../support/token-backend.ts';
import { emptyTally, runTokenClient } from '../support/token-client.ts';
import { until } from '../support/until.ts';

const CLIENTS = 24;
const EXCHANGES = 25;

describeLane('exchanges over TLS, behind announced addresses', (stage) => {
  it('each get what is theirs and nothing else', async function () {
    this.timeout(120_000);
    const pair = await makeCert({ ca: await makeCa(), cn: 'front', san: ['DNS:a.test'] });
    const lane = await stage.start({ tls: aFrontTls([pair]), listeners: { proxyProtocol: true } });
    const ledger = emptyLedger();
    const backends = await Promise.all([1, 2].map(() => TokenBackend.start(stage.closing, ledger)));
    route(
      lane,
      'a.test',
      backends.map(({ port }) => ({ port })),
    );
    const tally = emptyTally();

    await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) =>
        runTokenClient({
          port: lane.tlsPort,
          tls: { first: i % 2 === 0 ? Buffer.alloc(0) : announcing(`10.0.0.${i}`, 1_000 + i) },
          hosts: ['a.test'],
          name: `c${i}`,
          exchanges: EXCHANGES,
          random: seededRandom(i),
          ledger,
          tally,
        }),
      ),
    );

    expect(ledger.violations.slice(0, 20)).to.deep.equal([]);
    const forged = [...ledger.completed].filter((token) => !ledger.answered.has(token));
    expect(forged, 'answers that were cut and look complete').to.deep.equal([]);
    expect(tally.sent).to.equal(CLIENTS * EXCHANGES);
    expect(tally.complete, JSON.stringify(tally)).to.be.above(tally.sent * 0.5);
    await until(
      () => lane.figures().openConnections + lane.enteringCount() === 0,
      'all connections to be closed',
    );
    expect(lane.figures()).to.include({ activeRequests: 0, openTunnels: 0 });
    expect(lane.counters.connectionsClosed).to.equal(lane.counters.connectionsOpened);
    expect(lane.lines.filter(({ message }) => message === 'panic-check')).to.deep.equal([]);
    // Who announced an address has it, and nobody else.
    for (const { clientAddress } of lane.records) {
      const [, last, port] = /^10\.0\.0\.(\d+):(\d+)$/.exec(clientAddress) ?? [];
      if (last === undefined) expect(clientAddress).to.match(/^127\.0\.0\.1:\d+$/);
      else expect(Number(port)).to.equal(1_000 + Number(last));
    }
  });
});

import { expect } from 'chai';
import { fullListener } from '../support/full-listener.ts';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const LONG = 600_000;

describeLane('time limits of dials', (stage) => {
  const DIALS: readonly (readonly [name: string, request: string, endpoints: Record<string, number>])[] = [
    ['endpoint_dial_timeout', GET, { dialTimeoutMs: 50, websocketDialTimeoutMs: LONG }],
    ['websocket_dial_timeout, for upgrades', UPGRADE, { dialTimeoutMs: LONG, websocketDialTimeoutMs: 50 }],
  ];
  for (const [name, request, endpoints] of DIALS) {
    it(`${name}: 502, the endpoint marked`, async () => {
      const lane = await stage.start({ endpoints });
      const port = await fullListener(stage.closing);
      route(lane, 'app.test', [{ port }]);
      const client = await stage.client(lane);

      const answer = await client.ask(request);

      const error = `dial tcp 127.0.0.1:${port}: i/o timeout`;
      expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
      expect(answer.header('x-cf-routererror')).to.equal(`endpoint_failure (${error})`);
      expect(lane.reports).to.deep.equal([
        { key: 'app.test', address: `127.0.0.1:${port}`, verdict: 'mark', error },
      ]);
      const line = lane.lines.find(({ message }) => message === 'backend-endpoint-failed');
      expect(line?.data).to.include({ 'got-connection': false, error: `incomplete request (${error})` });
    });
  }

  it('endpoint_timeout that ends before there is a connection goes on at another endpoint', async () => {
    const lane = await stage.start({ endpoints: { dialTimeoutMs: LONG, endpointTimeoutMs: 500 } });
    const port = await fullListener(stage.closing);
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [{ port }, backend]);
    const client = await stage.client(lane);

    const answer = await client.ask('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello');

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(backend.received).to.match(/\r\n\r\nhello$/);
    const { attempts } = await recordOf(lane);
    expect(attempts?.failedAttempts).to.equal(1);
    expect(attempts?.failedAttemptsMs).to.be.greaterThan(0);
  });

  it('endpoint_timeout does not end a WebSocket that is still being dialled', async () => {
    const lane = await stage.start({ endpoints: { endpointTimeoutMs: 20, websocketDialTimeoutMs: 200 } });
    const port = await fullListener(stage.closing);
    route(lane, 'app.test', [{ port }]);
    const client = await stage.client(lane);

    const answer = await client.ask(UPGRADE);

    expect(answer.header('x-cf-routererror')).to.equal(
      `endpoint_failure (dial tcp 127.0.0.1:${port}: i/o timeout)`,
    );
  });
});

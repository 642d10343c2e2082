import { expect } from 'chai';
import { responseHeadCheck } from '../../lib/request/response-limits.ts';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

/** A head of exactly so many bytes. */
function headOf(bytes: number): string {
  const rest = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Fill: \r\n\r\n'.length;
  return `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Fill: ${'x'.repeat(bytes - rest)}\r\n\r\n`;
}

const limits = (maxBytes: number, maxFields: number) => ({
  ...(maxBytes > 0 ? { maxResponseHeaderBytes: maxBytes } : {}),
  responseHeadProblem: responseHeadCheck(maxBytes, maxFields),
});

describeLane('limits of response heads', (stage) => {
  for (const [what, request] of [
    ['', GET],
    [' to an upgrade', UPGRADE],
  ] as const) {
    it(`pass an answer${what} of the largest size on, and refuse one byte more with 502`, async () => {
      const lane = await stage.start({ settings: limits(1_000, 0) });
      const backend = await stage.backend(answering(`${headOf(1_000)}ok`));
      const other = await stage.backend(answering(`${headOf(1_000)}ok`));
      route(lane, 'app.test', [backend, other]);
      const client = await stage.client(lane);

      expect((await client.ask(request)).startLine).to.equal('HTTP/1.1 200 OK');
      for (const one of [backend, other]) one.script = answering(`${headOf(1_001)}ok`);
      for (const one of [backend, other]) for (const { socket } of one.connections) socket.destroy();
      await until(() => lane.figures().idleEndpointConnections === 0, 'new connections');
      const before = backend.connections.length + other.connections.length;
      const answer = await client.ask(request);

      expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
      expect(answer.header('x-cf-routererror')).to.equal(
        'endpoint_failure (net/http: server response headers exceeded 1000 bytes; aborted)',
      );
      expect(answer.body.toString()).to.equal(
        '502 Bad Gateway: Registered endpoint failed to handle the request.\n',
      );
      expect(backend.connections.length + other.connections.length, 'attempts').to.equal(before + 1);
      expect(lane.reports).to.deep.equal([]);
    });
  }

  it('end an answer whose head has no end', async () => {
    const lane = await stage.start({ settings: limits(1_000, 0) });
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(5_000)}`);
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    expect(answer.header('x-cf-routererror')).to.equal(
      'endpoint_failure (net/http: server response headers exceeded 1000 bytes; aborted)',
    );
    await until(() => backend.connections[0]!.reader.closed, 'the end of the connection');
  });

  it('count fields: as many as allowed pass, one more is a 502 and a line in the log', async () => {
    const lane = await stage.start({ settings: limits(0, 3) });
    const fields = (count: number): string =>
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${'X: 1\r\n'.repeat(count)}\r\n0\r\n\r\n`;
    const allowed = await stage.backend(answering(fields(3)));
    const tooMany = await stage.backend(answering(fields(4)));
    route(lane, 'allowed.test', [allowed]);
    route(lane, 'app.test', [tooMany]);
    const client = await stage.client(lane);

    expect((await client.ask(GET.replace('app', 'allowed'))).startLine).to.equal('HTTP/1.1 200 OK');
    const answer = await client.ask(GET);

    expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(answer.header('x-cf-routererror')).to.equal('endpoint_failure (Too many response headers)');
    const { requestId } = await recordOf(lane, 1);
    const line = lane.lines.find(({ message }) => message === 'backend-too-many-response-headers');
    expect(line).to.deep.include({ level: 'error' });
    expect(line?.data).to.include({ vcap_request_id: requestId });
  });
});

import { once } from 'node:events';
import { expect } from 'chai';
import { LINGER_MS } from '../../lib/lanes/linger.ts';
import { describeLane, route } from '../support/lane-fixture.ts';
import { answering } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const KIB = 1024;

describeLane('slow clients', (stage) => {
  it('get the whole of a last answer, even one whose end waits for them longer than we linger', async function () {
    this.timeout(60_000);
    const lane = await stage.start();
    const data = Buffer.alloc(4_400 * KIB, 'x');
    // Around what the kernel holds of an answer: of some, the end is still ours when the endpoint is done.
    const clients = Array.from({ length: 60 }, async (_, i) => {
      const size = (3_400 + i * 16) * KIB;
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`;
      const backend = await stage.backend(
        answering(Buffer.concat([Buffer.from(head), data.subarray(0, size)])),
      );
      route(lane, `app${i}.test`, [backend]);
      const client = await stage.client(lane);
      client.socket.pause();
      await client.send(`GET / HTTP/1.1\r\nHost: app${i}.test\r\nConnection: close\r\n\r\n`);
      return { client, size };
    });
    const reading = await Promise.all(clients);
    const startedAt = performance.now();
    await until(() => performance.now() - startedAt > 2 * LINGER_MS, 'a while');
    const short: string[] = [];
    for (const { client, size } of reading) {
      let got = 0;
      client.socket.removeAllListeners('data');
      client.socket.on('data', (bytes) => {
        got += bytes.length;
      });
      client.socket.resume();
      if (!client.socket.closed) await once(client.socket, 'close').catch(() => {});
      if (got < size) short.push(`${got} of ${size}`);
    }
    expect(short).to.deep.equal([]);
  });

  for (const [name, bytes] of [
    ['a health check', 'GET / HTTP/1.1\r\nHost: a.test\r\nUser-Agent: HTTP-Monitor/1.1\r\n\r\n'],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n'],
  ] as const) {
    it(`that end right behind their request get the answer to ${name}`, async () => {
      const lane = await stage.start();
      const client = await stage.client(lane);

      client.socket.end(bytes);

      expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');
      await client.reader.untilClosed();
      expect(client.reader.error).to.equal(undefined);
      await until(() => lane.figures().openConnections === 0, 'the end');
    });
  }
});

import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { LINGER_BYTES } from '../../lib/lanes/linger.ts';
import { head } from '../support/exact-bytes.ts';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test';
const GET = head('GET /next HTTP/1.1', HOST);
const READ = 1_000;

describeLane('answers that come before the body has', (stage) => {
  for (const unread of [1, LINGER_BYTES - 1, LINGER_BYTES]) {
    it(`with ${unread} bytes of it missing leave the connection usable`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(async ({ reader, write }) => {
        await reader.until('\r\n\r\n');
        await reader.exactly(READ);
        write(ok('early'));
      });
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      await client.send(head('PUT / HTTP/1.1', HOST, `Content-Length: ${READ + unread}`) + 'x'.repeat(READ));
      const early = await client.response();
      expect(early.header('connection')).to.equal(undefined);
      backend.script = answering(ok('next'));
      await client.send('x'.repeat(unread));

      expect((await client.ask(GET)).body.toString()).to.equal('next');
      expect(lane.counters.connectionsOpened).to.equal(1);
      expect(backend.connections[0]!.reader.bytes.length).to.be.below(READ + 1_000);
      expect(backend.connections[0]!.reader.closed).to.equal(true);
      expect((await recordOf(lane)).requestBytes).to.equal(READ);
    });
  }

  it(`with ${LINGER_BYTES + 1} bytes of it missing are the last on their connection`, async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async ({ reader, write }) => {
      await reader.until('\r\n\r\n');
      await reader.exactly(READ);
      write(ok('early'));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(
      head('PUT / HTTP/1.1', HOST, `Content-Length: ${READ + LINGER_BYTES + 1}`) + 'x'.repeat(READ),
    );
    const early = await client.response();

    expect(early.body.toString()).to.equal('early');
    expect(early.header('connection')).to.equal('close');
    await client.send('x'.repeat(LINGER_BYTES + 1) + GET);
    expect((await client.reader.toEnd()).length).to.equal(0);
    expect(backend.received).not.to.include('/next');
  });

  it('of the router itself have the same limit', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok('next')));
    route(lane, 'app.test', [backend]);
    for (const [length, closes] of [
      [LINGER_BYTES, false],
      [LINGER_BYTES + 1, true],
    ] as const) {
      const client = await stage.client(lane);
      const answer = await client.ask(
        head('PUT / HTTP/1.1', 'Host: nowhere.test', `Content-Length: ${length}`),
      );
      expect(answer.startLine).to.equal('HTTP/1.1 404 Not Found');
      expect(answer.header('connection')).to.equal(closes ? 'close' : undefined);
      await client.send('x'.repeat(length) + GET);
      if (closes) await client.reader.toEnd();
      else expect((await client.response()).body.toString()).to.equal('next');
    }
  });

  it('with a body in chunks, whose end nobody knows, are the last on their connection', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async ({ reader, write }) => {
      await reader.until('\r\n\r\n');
      write(ok('early'));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const early = await client.ask(head('PUT / HTTP/1.1', HOST, 'Transfer-Encoding: chunked'));

    expect(early.header('connection')).to.equal('close');
    await client.send(`1\r\nx\r\n0\r\n\r\n${GET}`);
    expect((await client.reader.toEnd()).length).to.equal(0);
    expect(backend.received).not.to.include('/next');
  });

  it('and a client that sends on and on behind the last answer is cut off', async () => {
    const lane = await stage.start();
    const client = await stage.client(lane);

    const answer = await client.ask(
      head('PUT / HTTP/1.1', 'Host: nowhere.test', 'Content-Length: 100000000'),
    );
    expect(answer.header('connection')).to.equal('close');
    const block = Buffer.alloc(64 * 1024);
    let sent = 0;
    while (!client.reader.closed && sent < 100_000_000) {
      client.socket.write(block);
      sent += block.length;
      await turn();
    }

    expect(sent).to.be.below(100_000_000);
    await until(() => lane.figures().openConnections === 0, 'the end');
  });
});

describeLane('heads that come byte by byte', (stage) => {
  it('are served up to a mebibyte', async function () {
    this.timeout(120_000);
    const lane = await stage.start({ settings: { maxRequestHeaderBytes: 1_048_576 } });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const fields = Array.from({ length: 100 }, (_, i) => `X-${i}: ${'x'.repeat(10_350)}`);
    const bytes = Buffer.from(head('GET / HTTP/1.1', HOST, ...fields));

    const answer = client.response();
    let step = 1;
    for (let at = 0; at < bytes.length; at += step) {
      // One by one where something ends, in small pieces where nothing does.
      step = at < 300 || at > bytes.length - 300 ? 1 : 97;
      client.socket.write(bytes.subarray(at, at + step));
      await turn();
    }

    expect((await answer).startLine).to.equal('HTTP/1.1 200 OK');
    expect(backend.received.startsWith(bytes.toString().slice(0, -2))).to.equal(true);
  });

  it('are refused where they exceed what is read, without waiting for their end', async () => {
    const lane = await stage.start({ front: { maxHeaderBytes: 20_000 } });
    const client = await stage.client(lane);

    await client.send(`GET / HTTP/1.1\r\n${HOST}\r\nX: `);
    for (let i = 0; i < 21_000 && client.reader.bytes.length === 0; i += 50) {
      await client.send('x'.repeat(50));
      await turn();
    }

    expect((await client.reader.toEnd()).toString()).to.match(/^HTTP\/1\.1 431 /);
  });
});

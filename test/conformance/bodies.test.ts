import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, type BackendConnection, ok, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test\r\n';
const MB = 1024 * 1024;

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Resolves once a figure has stopped changing. */
async function settled(figure: () => number): Promise<void> {
  let before = -1;
  let stillFor = 0;
  await until(() => {
    stillFor = figure() === before ? stillFor + 1 : 0;
    before = figure();
    return stillFor >= 20;
  }, 'the flow to stop');
}

describeLane('bodies', (stage) => {
  const REQUESTS: readonly { name: string; head: string; body: string; framing: string }[] = [
    { name: 'a length', head: 'Content-Length: 5\r\n', body: 'hello', framing: 'Content-Length: 5\r\n' },
    { name: 'length 0', head: 'Content-Length: 0\r\n', body: '', framing: 'Content-Length: 0\r\n' },
    {
      name: 'chunks',
      head: 'Transfer-Encoding: chunked\r\n',
      body: '5\r\nhello\r\n0\r\n\r\n',
      framing: 'Transfer-Encoding: chunked\r\n',
    },
    {
      name: 'no chunk',
      head: 'Transfer-Encoding: Chunked\r\n',
      body: '0\r\n\r\n',
      framing: 'Transfer-Encoding: chunked\r\n',
    },
  ];
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
    for (const { name, head, body, framing } of REQUESTS) {
      it(`of ${method} with ${name} reach the endpoint with their framing`, async () => {
        const lane = await stage.start();
        const backend = await stage.backend(answering(ok('')));
        route(lane, 'app.test', [backend]);
        const client = await stage.client(lane);

        const answer = await client.ask(`${method} / HTTP/1.1\r\n${HOST}${head}\r\n${body}`);

        expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
        const [sentHead = '', sentBody] = backend.received.split('\r\n\r\n', 2);
        expect(`${sentHead}\r\n`).to.include(`\r\n${framing}`);
        expect(backend.received.slice(sentHead.length + 4)).to.equal(body);
        expect(sentBody).not.to.equal(undefined);
        expect((await recordOf(lane)).requestBytes).to.equal(body.includes('hello') ? 5 : 0);
      });
    }
  }

  it('lose their chunk extensions and keep their allowed trailers', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTrailer: X-Sum, Cookie\r\n\r\n` +
        '3;ext=1\r\nabc\r\n0;last\r\nX-Sum: 1\r\nCookie: c=1\r\nHost: evil\r\nX-Forwarded-For: 6.6.6.6\r\nAuthorization: a\r\nx-sum: 2\r\n\r\n',
    );

    expect(backend.received).to.include('\r\nTrailer: X-Sum\r\n');
    expect(backend.received).to.match(/\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n$/);
  });

  it('of 10 MB reach the endpoint whole', async () => {
    const lane = await stage.start();
    const sums: string[] = [];
    const backend = await stage.backend(async (connection) => {
      sums.push(sha((await connection.request()).body));
      connection.write(ok());
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const body = randomBytes(10 * MB);

    await client.send(`PUT / HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n`);
    await client.send(body);
    const answer = await client.response();

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(sums).to.deep.equal([sha(body)]);
    expect((await recordOf(lane)).requestBytes).to.equal(body.length);
  });

  for (const chunked of [false, true]) {
    it(`of 10 MB reach the client whole, ${chunked ? 'in chunks' : 'with their length'}`, async () => {
      const lane = await stage.start();
      const body = randomBytes(10 * MB);
      const backend = await stage.backend(async (connection) => {
        await connection.request();
        if (!chunked) {
          connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
          connection.write(body);
          return;
        }
        connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        for (let at = 0; at < body.length; at += 100_000) {
          const part = body.subarray(at, at + 100_000);
          connection.write(`${part.length.toString(16)}\r\n`);
          connection.write(part);
          connection.write('\r\n');
        }
        connection.write('0\r\n\r\n');
      });
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      const answer = await client.ask(`GET / HTTP/1.1\r\n${HOST}\r\n`);

      expect(sha(answer.body)).to.equal(sha(body));
      expect((await recordOf(lane)).responseBytes).to.equal(body.length);
    });
  }

  it('reach a slow reader with memory bounded, and the endpoint feels the back-pressure', async () => {
    const lane = await stage.start();
    const total = 64 * MB;
    let written = 0;
    const block = Buffer.alloc(64 * 1024, 'x');
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      const { socket } = connection;
      const more = (): void => {
        while (written < total && socket.writable) {
          written += block.length;
          if (!socket.write(block)) break;
        }
      };
      socket.on('drain', more);
      more();
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    client.socket.pause();

    await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    await until(() => written > 0, 'the first bytes');
    await settled(() => written);

    // What the kernel's four socket buffers and ours hold: far from the whole.
    expect(written).to.be.lessThan(32 * MB);
    client.socket.resume();
    const answer = await client.response();
    expect(answer.body.length).to.equal(total);
  });

  it('for a slow endpoint hold the client back', async () => {
    const lane = await stage.start();
    const total = 64 * MB;
    let connected: BackendConnection | undefined;
    const backend = await stage.backend((connection) => {
      connection.socket.pause();
      connected = connection;
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const block = Buffer.alloc(64 * 1024, 'y');
    let written = 0;
    const more = (): void => {
      while (written < total) {
        written += block.length;
        if (!client.socket.write(block)) break;
      }
    };
    client.socket.on('drain', more);

    await client.send(`PUT / HTTP/1.1\r\n${HOST}Content-Length: ${total}\r\n\r\n`);
    more();
    await until(() => connected, 'the endpoint');
    await settled(() => written);

    expect(written).to.be.lessThan(32 * MB);
    connected!.socket.resume();
    expect((await connected!.request()).body.length).to.equal(total);
    connected!.write(ok());
    expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');
  });

  it('stream in both directions at once', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async ({ reader, write }) => {
      await reader.until('\r\n\r\n');
      write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (;;) {
        const size = Number.parseInt((await reader.until('\r\n')).toString(), 16);
        const data = await reader.exactly(size + 2);
        if (size === 0) break;
        write(`${size.toString(16)}\r\n${data.toString()}`);
      }
      write('0\r\n\r\n');
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
    await client.reader.until('\r\n\r\n');
    for (const word of ['one', 'two', 'three']) {
      await client.send(`${word.length.toString(16)}\r\n${word}\r\n`);
      await client.reader.until(
        `\r\n${word}\r\n`.slice(word === 'one' ? 2 : 0).slice(word === 'one' ? 0 : 2),
      );
    }
    await client.send('0\r\n\r\n');
    await client.reader.until('0\r\n\r\n');
  });

  const BODILESS: readonly { name: string; method: string; answer: string; expectHead: RegExp }[] = [
    {
      name: 'the answer to HEAD',
      method: 'HEAD',
      answer: 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n',
      expectHead: /\r\nContent-Length: 1234\r\n/,
    },
    {
      name: '204',
      method: 'GET',
      answer: 'HTTP/1.1 204 No Content\r\n\r\n',
      expectHead: /^HTTP\/1\.1 204 No Content\r\n/,
    },
    {
      name: '304',
      method: 'GET',
      answer: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
      expectHead: /^HTTP\/1\.1 304 Not Modified\r\nETag: "x"\r\n/,
    },
  ];
  for (const { name, method, answer, expectHead } of BODILESS) {
    it(`do not exist in ${name}, and the connections go on`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(answer));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      for (let i = 0; i < 2; i += 1) {
        await client.send(`${method} / HTTP/1.1\r\n${HOST}\r\n`);
        const { head } = await client.response('response-to-head');
        expect(head).to.match(expectHead);
        expect(head.toLowerCase()).not.to.include('transfer-encoding');
      }
      expect(client.reader.rest.length).to.equal(0);
      expect(backend.connections).to.have.length(1);
    });
  }

  it('of an endpoint that sent them with a 304 or to HEAD reach nobody', async () => {
    const lane = await stage.start();
    let served = 0;
    const script: Script = async (connection) => {
      await connection.request();
      served += 1;
      connection.write(
        'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
      );
    };
    const backend = await stage.backend(script);
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
    await client.response('response-to-head');
    backend.script = answering(ok('good'));
    const next = await client.ask(`GET / HTTP/1.1\r\n${HOST}\r\n`);

    expect(next.body.toString()).to.equal('good');
    expect(served).to.equal(1);
    expect(backend.connections).to.have.length(2);
  });
});

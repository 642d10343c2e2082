import { expect } from 'chai';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test\r\n';
const get = (path: string): string => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`;
const POST = `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`;

/** Answers with the path that was asked for. */
const echoPath: Script = async (connection) => {
  for (;;) {
    const { startLine } = await connection.request();
    connection.write(ok(startLine.split(' ')[1]));
  }
};

describeLane('connections', (stage) => {
  it('of clients and to endpoints are used again', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(echoPath);
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    for (let i = 0; i < 5; i += 1) {
      expect((await client.ask(get(`/${i}`))).body.toString()).to.equal(`/${i}`);
    }
    expect((await client.ask(POST)).startLine).to.equal('HTTP/1.1 200 OK');

    expect(backend.connections).to.have.length(1);
    expect(lane.counters.connectionsOpened).to.equal(1);
    const { attempts } = await recordOf(lane, 4);
    expect(attempts).to.include({ dialMs: 0, dnsMs: 0, tlsMs: 0 });
  });

  it('to endpoints serve one request each when keep-alive is disabled, and say so', async () => {
    const lane = await stage.start({ settings: { disableKeepAlives: true } });
    const backend = await stage.backend(echoPath);
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    for (let i = 0; i < 3; i += 1) await client.ask(get('/'));

    expect(backend.connections).to.have.length(3);
    expect(backend.received.match(/\r\nConnection: close\r\n/g)).to.have.length(3);
    await until(() => backend.connections.every(({ reader }) => reader.closed), 'the closing');
  });

  it('to endpoints are kept up to the limit for each', async () => {
    const lane = await stage.start({ endpoints: { maxIdlePerHost: 2 } });
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      await gate;
      connection.write(ok());
    });
    route(lane, 'app.test', [backend]);
    const clients = await Promise.all([1, 2, 3, 4].map(() => stage.client(lane)));

    const answers = clients.map((client) => client.ask(get('/')));
    await until(() => backend.connections.length === 4, 'four connections');
    open();
    await Promise.all(answers);

    await until(
      () => backend.connections.filter(({ reader }) => reader.closed).length === 2,
      'the surplus to close',
    );
    expect(lane.figures().idleEndpointConnections).to.equal(2);
  });

  it('to endpoints are dropped ahead of the idle limit that the endpoint announces', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok('ok', 'Keep-Alive: timeout=1')));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(get('/'));
    await client.ask(get('/'));

    expect(backend.connections).to.have.length(2);
    expect(lane.figures().idleEndpointConnections).to.equal(0);
  });

  it('to endpoints are dropped ahead of the idle limit that the endpoint keeps to without a word', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async ({ request, write, socket }, index) => {
      await request();
      write(ok());
      // The third would be kept for as long as the router likes: 90 s.
      if (index < 2) setTimeout(() => socket.end(), 1_200);
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    for (let index = 0; index < 3; index += 1) {
      await client.ask(get('/'));
      await until(() => backend.connections[index]!.reader.closed, `the end of connection ${index}`);
    }
    expect(lane.figures().idleEndpointConnections).to.equal(0);
    expect(lane.reports).to.deep.equal([]);
  });

  it('to endpoints are closed after their idle time', async () => {
    const lane = await stage.start({ endpoints: { idleTimeoutMs: 50 } });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(get('/'));

    await until(() => backend.connections[0]!.reader.closed, 'the closing');
    expect(lane.figures().idleEndpointConnections).to.equal(0);
  });

  it('that the endpoint closed while idle are not used again', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write(ok());
      await until(() => lane.figures().idleEndpointConnections === 1, 'the pooled connection');
      connection.socket.end();
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(get('/'));
    await until(() => lane.figures().idleEndpointConnections === 0, 'the end to be noticed');
    expect((await client.ask(POST)).startLine).to.equal('HTTP/1.1 200 OK');
  });

  /** Serves one request, and closes as the second arrives: what a race with an idle timeout looks like. */
  const stale: Script = async (connection, index) => {
    await connection.request();
    connection.write(ok(`first on ${index}`));
    await connection.reader.until('\r\n\r\n');
    connection.socket.destroy();
  };

  for (const [name, bytes] of [
    ['GET', get('/')],
    ['DELETE', `DELETE / HTTP/1.1\r\n${HOST}\r\n`],
    ['POST without a body', `POST / HTTP/1.1\r\n${HOST}\r\n`],
    ['POST with a length of 0', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`],
    [
      'POST that waits for 100',
      `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    ],
  ] as const) {
    it(`that turn out dead as they are used again are replaced silently, once, for a ${name}`, async () => {
      const lane = await stage.start({ settings: { maxAttempts: 1 } });
      const backend = await stage.backend(stale);
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      await client.ask(get('/'));
      await client.send(bytes);
      if (bytes.includes('100-continue')) {
        expect((await client.response()).startLine).to.equal('HTTP/1.1 100 Continue');
        await client.send('hello');
      }
      const answer = await client.response();

      expect(answer.body.toString()).to.equal('first on 1');
      expect(lane.lines.map(({ message }) => message)).not.to.include('backend-endpoint-failed');
      expect((await recordOf(lane, 1)).attempts?.failedAttempts).to.equal(0);
      expect(lane.counters.attempts).to.equal(2);
    });
  }

  it('that turn out dead as they are used again are a 502 for a POST, of whose body some may have arrived', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(stale);
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(get('/'));
    const answer = await client.ask(POST);

    expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(backend.received.match(/POST/g)).to.have.length(1);
  });

  it('that turn out dead twice are replaced once: what follows is an ordinary failure', async () => {
    const lane = await stage.start({ settings: { maxAttempts: 1 } });
    const backend = await stage.backend(async (connection, index) => {
      await connection.request();
      if (index === 0) connection.write(ok());
      await connection.reader.until('\r\n\r\n').catch(() => {});
      connection.socket.destroy();
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(get('/'));
    backend.script = async ({ request, socket }) => {
      await request();
      socket.destroy();
    };
    const answer = await client.ask(`POST / HTTP/1.1\r\n${HOST}\r\n`);

    expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(backend.connections).to.have.length(2);
  });

  it('with pipelined requests give the answers in order, one request after the other', async () => {
    const lane = await stage.start();
    const seen: string[] = [];
    const backend = await stage.backend(async (connection) => {
      for (;;) {
        const { startLine, body } = await connection.request();
        const path = startLine.split(' ')[1]!;
        seen.push(path);
        if (path === '/0') await until(() => seen.length === 1, 'the first alone');
        connection.write(ok(`${path}${body.toString()}`));
      }
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const post = `POST /p HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`;

    await client.send(`${get('/0')}${get('/1')}${post}${get('/3')}`);
    const bodies: string[] = [];
    for (let i = 0; i < 4; i += 1) bodies.push((await client.response()).body.toString());

    expect(bodies).to.deep.equal(['/0', '/1', '/phello', '/3']);
    expect(seen).to.deep.equal(['/0', '/1', '/p', '/3']);
    expect(backend.connections).to.have.length(1);
  });

  it('with thousands of pipelined requests are read no faster than they are answered', async function () {
    this.timeout(60_000);
    const lane = await stage.start();
    const backend = await stage.backend(echoPath);
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const count = 5_000;

    client.socket.write(Array.from({ length: count }, (_, i) => get(`/${i}`)).join(''));
    for (let i = 0; i < count; i += 1) {
      expect((await client.response()).body.toString()).to.equal(`/${i}`);
    }
    expect(lane.figures().activeRequests).to.equal(0);
  });

  it('with bodies larger than a socket buffer behind a slow request are read in turn', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async (connection) => {
      for (;;) connection.write(ok(String((await connection.request()).body.length)));
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const put = Buffer.concat([
      Buffer.from(`PUT / HTTP/1.1\r\n${HOST}Content-Length: 3000000\r\n\r\n`),
      Buffer.alloc(3_000_000),
    ]);

    client.socket.write(Buffer.concat([put, put, put]));
    for (let i = 0; i < 3; i += 1) expect((await client.response()).body.toString()).to.equal('3000000');
  });

  it('ask to be closed by the client are closed after the answer, with Connection: close', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(echoPath);
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`GET /last HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    const answer = (await client.reader.toEnd()).toString();

    expect(answer).to.include('\r\nConnection: close\r\n');
    expect(answer).to.match(/\r\n\r\n\/last$/);
    expect(backend.received.toLowerCase()).not.to.include('connection:');
  });

  it('that end with an answer carry no request that was pipelined behind it', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(echoPath);
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`GET /last HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n${POST}`);
    const answer = (await client.reader.toEnd()).toString();

    expect(answer).to.match(/\r\n\r\n\/last$/);
    expect(backend.received).not.to.include('POST');
  });

  it('that the client leaves carry no request that was pipelined', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(() => {});
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`${get('/1')}${POST}${get('/3')}`);
    await until(() => backend.received.includes('\r\n\r\n'), 'the first request');
    client.close();

    await until(() => lane.figures().openConnections === 0 && lane.figures().activeRequests === 0, 'the end');
    expect(lane.records.map(({ status }) => status)).to.deep.equal([499]);
    expect(backend.received.match(/HTTP\/1\.1/g)).to.have.length(1);
  });

  it('without a next request are closed without a byte', async () => {
    const lane = await stage.start({ front: { idleTimeoutMs: 500 } });
    const backend = await stage.backend(echoPath);
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(get('/'));
    const rest = await client.reader.toEnd();

    expect(rest.length).to.equal(0);
    expect(client.reader.error).to.equal(undefined);
  });

  it('whose head does not end are closed without a byte', async () => {
    const lane = await stage.start({ front: { headTimeoutMs: 100 } });
    const client = await stage.client(lane);

    await client.send('GET / HTTP/1.1\r\nHost: ');
    const rest = await client.reader.toEnd();

    expect(rest.length).to.equal(0);
  });
});

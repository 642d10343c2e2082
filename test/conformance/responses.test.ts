import { expect } from 'chai';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

describeLane('responses', (stage) => {
  it('reach the client byte for byte: case, order and duplicates kept', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(
      answering(
        'HTTP/1.1 201 Whatever\r\nx-B: 1\r\nSet-Cookie: a=1\r\nServer: s\r\nX-b: 2\r\nset-cookie: b=2\r\nDate: yesterday\r\n' +
          'X-Vcap-Request-Id: mine\r\nVia: v\r\ncontent-length: 2\r\nX-Latin: \xe9\r\n\r\nok',
      ),
    );
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(GET);

    expect(client.reader.text).to.equal(
      'HTTP/1.1 201 Created\r\nx-B: 1\r\nSet-Cookie: a=1\r\nServer: s\r\nX-b: 2\r\nset-cookie: b=2\r\nDate: yesterday\r\n' +
        'X-Vcap-Request-Id: mine\r\nVia: v\r\ncontent-length: 2\r\nX-Latin: \xe9\r\n\r\nok',
    );
  });

  for (const filename of ['\xc3\xa9.txt', '\xe9.txt']) {
    it(`keep the bytes of a Content-Disposition with ${JSON.stringify(filename)}, ahead of a length or behind it`, async () => {
      const lane = await stage.start();
      const disposition = `Content-Disposition: attachment; filename="${filename}"`;
      const backend = await stage.backend(answering(ok('ok', disposition)));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      const answer = await client.ask(
        `POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n${disposition}\r\n\r\nhi`,
      );

      expect(answer.headerLines).to.include(disposition);
      expect(answer.body.toString()).to.equal('ok');
      expect(backend.received).to.include(`\r\n${disposition}\r\n`);
    });
  }

  it('lose hop-by-hop fields, those that Connection names, and route service signatures', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(
      answering(
        ok(
          'ok',
          'Connection: keep-alive, X-Secret',
          'X-Secret: s',
          'Keep-Alive: timeout=60',
          'Upgrade: h2c',
          'X-CF-Proxy-Signature: x',
          'Proxy-Authenticate: y',
        ),
      ),
    );
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    const names = answer.headerLines.map((line) => line.split(':')[0]);
    expect(names).to.deep.equal(['Content-Length', 'X-Vcap-Request-Id', 'Date']);
  });

  it('without a length come in chunks', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end');
      connection.socket.end();
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    expect(answer.header('transfer-encoding')).to.equal('chunked');
    expect(answer.body.toString()).to.equal('until the end');
    expect(answer.header('connection')).to.equal(undefined);
  });

  it('bring their trailers, announced or not, less those that may not come late', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(
      answering(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\nSet-Cookie: c=1\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n',
      ),
    );
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    expect(answer.header('trailer')).to.equal('X-Sum');
    expect(answer.trailerLines).to.deep.equal(['X-Sum: 1', 'X-Other: 2']);
  });

  it('reach the client head first when the body is slow', async () => {
    const lane = await stage.start();
    let proceed = (): void => {};
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
      connection.write('data: 1\n\n');
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(GET);
    await client.reader.until('\r\n\r\n');
    proceed();
    await client.reader.until('data: 1\n\n');
  });

  const INTERIM =
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nContent-Length: 3\r\nConnection: X-A\r\nX-A: 1\r\n\r\n';
  it('103 and other interim responses reach an HTTP/1.1 client without framing fields', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(`${INTERIM}HTTP/1.1 102 Processing\r\n\r\n${ok()}`));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(GET);

    expect((await client.response()).head).to.equal('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n');
    expect((await client.response()).head).to.equal('HTTP/1.1 102 Processing\r\n\r\n');
    expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');
    expect((await recordOf(lane)).status).to.equal(200);
  });

  it('interim ones are kept from an HTTP/1.0 client', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(`${INTERIM}${ok()}`));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send('GET / HTTP/1.0\r\nHost: app.test\r\n\r\n');

    expect((await client.reader.toEnd()).toString()).to.match(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it('a 100 that nobody asked for reaches nobody', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(`HTTP/1.1 100 Continue\r\n\r\n${ok()}`));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    expect((await client.ask(GET)).startLine).to.equal('HTTP/1.1 200 OK');
  });

  const reply = (bytes: string): Script => {
    return async (connection) => {
      await connection.request();
      connection.write(bytes);
    };
  };
  const BAD: readonly { name: string; given: string; error?: RegExp }[] = [
    { name: 'nonsense', given: 'nonsense\r\n\r\n' },
    {
      name: 'two different lengths',
      given: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc',
    },
    {
      name: 'a length and chunks',
      given: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    },
    { name: 'a status line without a number', given: 'HTTP/1.1 abc OK\r\n\r\n' },
    { name: 'status 99', given: 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n' },
    { name: 'HTTP/2.0', given: 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n' },
    { name: 'a control byte in a field', given: 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n' },
    { name: 'NUL in a field', given: 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n' },
    { name: 'bare CR in a field', given: 'HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n' },
    { name: 'a blank in a name', given: 'HTTP/1.1 200 OK\r\nX y: a\r\nContent-Length: 0\r\n\r\n' },
    {
      name: 'a head without an end',
      given: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(11 * 1024 * 1024)}`,
      error: /response headers exceeded/,
    },
    {
      name: '101 unasked',
      given: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    },
    { name: '101 unasked, without Upgrade', given: 'HTTP/1.1 101 Switching Protocols\r\n\r\n' },
    { name: 'interim responses without end', given: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1_000) },
  ];
  for (const { name, given, error } of BAD) {
    it(`with ${name} become 502, and the connection to the endpoint is dropped`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(reply(given));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      await client.send(GET);
      let answer = await client.response();
      while (answer.startLine.startsWith('HTTP/1.1 103')) answer = await client.response();

      expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
      if (error) expect(answer.header('x-cf-routererror')).to.match(error);
      await until(() => backend.connections[0]!.reader.closed, 'the end of the connection');
      expect(backend.connections).to.have.length(1);
      backend.script = answering(ok('next'));
      expect((await client.ask(GET)).body.toString()).to.equal('next');
      expect(lane.reports).to.deep.equal([]);
    });
  }

  const SURPLUS: readonly { name: string; surplus: string }[] = [
    { name: 'another response', surplus: 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil' },
    { name: 'nonsense', surplus: 'nonsense' },
  ];
  for (const { name, surplus } of SURPLUS) {
    for (const together of [true, false]) {
      it(`followed by ${name} ${together ? 'at once' : 'later'} end their connection, and the bytes reach nobody`, async () => {
        const lane = await stage.start();
        const backend = await stage.backend(async (connection) => {
          await connection.request();
          connection.write(together ? `${ok('good')}${surplus}` : ok('good'));
          if (together) return;
          await until(() => lane.figures().idleEndpointConnections === 1, 'the pooled connection');
          connection.write(surplus);
        });
        route(lane, 'app.test', [backend]);
        const client = await stage.client(lane);

        expect((await client.ask(GET)).body.toString()).to.equal('good');
        await until(() => backend.connections[0]!.reader.closed, 'the end of the connection');
        backend.script = answering(ok('next'));
        expect((await client.ask(GET)).body.toString()).to.equal('next');
        expect(lane.figures().idleEndpointConnections).to.equal(1);
      });
    }
  }

  const CUT: readonly { name: string; given: string }[] = [
    { name: 'shorter than its length', given: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort' },
    {
      name: 'without the last chunk',
      given: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n',
    },
    {
      name: 'with a bad chunk',
      given: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n',
    },
  ];
  for (const { name, given } of CUT) {
    for (const end of ['end', 'resetAndDestroy'] as const) {
      it(`${name} (${end}) cut the client's connection, so that they do not look complete`, async () => {
        const lane = await stage.start();
        const backend = await stage.backend(async (connection) => {
          await connection.request();
          connection.write(given);
          await until(() => client.reader.text.includes('short'), 'the bytes at the client');
          connection.socket[end]();
        });
        route(lane, 'app.test', [backend]);
        const client = await stage.client(lane);

        await client.send(GET);
        await client.reader.untilClosed();

        expect(client.reader.text).to.include('short');
        expect(client.reader.text).not.to.match(/\r\n0\r\n\r\n$/);
        const record = await recordOf(lane);
        expect(record.status).to.equal(200);
        expect(record.responseBytes).to.equal(5);
        expect(lane.lines.map((line) => line.message)).to.include('backend-response-incomplete');
      });
    }
  }

  it('cut short reset an HTTP/1.0 client, whose body only the end would end', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n');
      await until(() => client.reader.text.includes('short'), 'the bytes at the client');
      connection.socket.destroy();
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send('GET / HTTP/1.0\r\nHost: app.test\r\n\r\n');
    await client.reader.untilClosed();

    expect(client.reader.error).to.have.property('code', 'ECONNRESET');
  });

  const STATUSES: readonly { status: number; reason: string }[] = [
    { status: 413, reason: 'Request Entity Too Large' },
    { status: 418, reason: "I'm a teapot" },
    { status: 599, reason: 'status code 599' },
    { status: 999, reason: 'status code 999' },
  ];
  for (const { status, reason } of STATUSES) {
    it(`${status} is passed on as ${reason}`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(`HTTP/1.1 ${status} Own\r\nContent-Length: 0\r\n\r\n`));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      expect((await client.ask(GET)).startLine).to.equal(`HTTP/1.1 ${status} ${reason}`);
    });
  }

  it('tell who served them when the trace key is right', async () => {
    const lane = await stage.start({ settings: { traceKey: 'key' } });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask('GET / HTTP/1.1\r\nHost: app.test\r\nX-Vcap-Trace: key\r\n\r\n');

    expect(answer.header('x-vcap-router')).to.equal('10.0.0.9');
    expect(answer.header('x-vcap-backend')).to.equal(`127.0.0.1:${backend.port}`);
  });
});

import { expect } from 'chai';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

describeLane('request head', (stage) => {
  it('reaches the endpoint byte for byte: case, order and duplicates kept, ours at the end', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [
      { port: backend.port, appId: 'app-1', instanceId: 'inst-1', instanceIndex: '7' },
    ]);
    const client = await stage.client(lane);

    await client.ask(
      'GET / HTTP/1.1\r\naCCept: a\r\nHost: App.test:8080\r\nX-b: 1\r\nCOOKIE: a=1\r\nx-B: 2\r\ncookie: b=2\r\nX-b: 3\r\n' +
        'User-Agent: \r\nX-Latin: \xe9\xfc\r\nX-Empty:\r\n\r\n',
    );

    const { connections } = backend;
    expect(connections[0]!.reader.text).to.match(
      new RegExp(
        '^GET / HTTP/1\\.1\r\naCCept: a\r\nHost: App\\.test:8080\r\nX-b: 1\r\nCOOKIE: a=1\r\nx-B: 2\r\ncookie: b=2\r\nX-b: 3\r\n' +
          'User-Agent: \r\nX-Latin: \xe9\xfc\r\nX-Empty: \r\n' +
          'X-Forwarded-For: 127\\.0\\.0\\.1\r\nX-Forwarded-Proto: http\r\nX-Request-Start: \\d{13}\r\n' +
          `X-Vcap-Request-Id: ${UUID}\r\nX-Cf-Applicationid: app-1\r\nX-Cf-Instanceid: inst-1\r\nX-Cf-Instanceindex: 7\r\n\r\n$`,
      ),
    );
  });

  it('loses hop-by-hop fields and those that Connection names, but none of ours', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(
      'GET / HTTP/1.1\r\nHost: app.test\r\n' +
        'Connection: X-Mine, X-Forwarded-For, X-Forwarded-Proto, X-Vcap-Request-Id, Host, Cookie, Authorization, keep-alive\r\n' +
        'X-Mine: gone\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nCookie: c=1\r\nAuthorization: Basic x\r\n' +
        'Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: p\r\nTE: trailers, deflate\r\n' +
        'Upgrade: websocket\r\nX-Kept: yes\r\n\r\n',
    );

    const head = backend.received;
    const names = head
      .split('\r\n')
      .slice(1, -2)
      .map((line) => line.split(':')[0]);
    expect(names).to.deep.equal([
      'Host',
      'X-Forwarded-Proto',
      'Cookie',
      'Authorization',
      'X-Kept',
      'Te',
      'X-Forwarded-For',
      'X-Request-Start',
      'X-Vcap-Request-Id',
      'X-Cf-Applicationid',
      'X-Cf-Instanceid',
      'X-Cf-Instanceindex',
    ]);
    expect(head).to.include('\r\nX-Forwarded-For: 1.2.3.4, 127.0.0.1\r\n');
    expect(head).to.include('\r\nTe: trailers\r\n');
  });

  it('replaces the request id of the client and gives ours to endpoint, client and log alike', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask('GET / HTTP/1.1\r\nHost: app.test\r\nX-Vcap-Request-Id: forged\r\n\r\n');

    const { requestId } = await recordOf(lane);
    expect(requestId).to.match(new RegExp(`^${UUID}$`));
    expect(answer.header('x-vcap-request-id')).to.equal(requestId);
    expect(backend.received).to.include(`X-Vcap-Request-Id: ${requestId}\r\n`);
    expect(backend.received).not.to.include('forged');
  });

  it('is passed on with 3,000 fields', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const fields = Array.from({ length: 3_000 }, (_, i) => `X-${i}: ${i}\r\n`).join('');

    const answer = await client.ask(`GET / HTTP/1.1\r\nHost: app.test\r\n${fields}\r\n`);

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(backend.received).to.include(`\r\n${fields}X-Forwarded-For`);
  });

  it('over the limit is refused with 431 after the lookup, and the connection closed', async () => {
    const lane = await stage.start({ settings: { maxRequestHeaderBytes: 1_000 } });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send(`GET / HTTP/1.1\r\nHost: app.test\r\nX-Big: ${'x'.repeat(1_000)}\r\n\r\n`);
    const answer = (await client.reader.toEnd()).toString();

    expect(answer).to.match(
      /^HTTP\/1\.1 431 Request Header Fields Too Large\r\nX-Cf-Routererror: max-request-size-exceeded\r\nContent-Length: 0\r\n/,
    );
    expect(answer).to.include('\r\nConnection: close\r\n');
    const record = await recordOf(lane);
    expect(record.status).to.equal(431);
    expect(record.endpoint?.port).to.equal(backend.port);
    expect(backend.connections).to.have.length(0);
  });

  it('beyond what the parser holds is refused with 431 before any handler', async () => {
    const lane = await stage.start();
    const client = await stage.client(lane);

    await client.send(`GET / HTTP/1.1\r\nHost: app.test\r\nX-Big: ${'x'.repeat(1_100_000)}\r\n\r\n`);
    const answer = (await client.reader.toEnd()).toString();

    expect(answer).to.equal(
      'HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 35\r\n' +
        'Connection: close\r\n\r\n431 Request Header Fields Too Large',
    );
    expect(lane.records).to.have.length(0);
  });

  it('is told in the record with its extra headers', async () => {
    const lane = await stage.start({ settings: { extraHeadersToLog: ['X-Trace', 'X-None'] } });
    const backend = await stage.backend(answering(ok('hello')));
    const [endpoint] = route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const askedAtMs = Date.now();
    await client.ask(
      'POST /p?q HTTP/1.1\r\nHost: app.test\r\nReferer: r\r\nUser-Agent: ua\r\nX-Trace: t1\r\nX-Trace: t2\r\nContent-Length: 3\r\n\r\nabc',
    );

    const record = await recordOf(lane);
    const { port } = client.socket.address() as { port: number };
    expect(record).to.include({
      host: 'app.test',
      method: 'POST',
      target: '/p?q',
      protocol: 'HTTP/1.1',
      status: 200,
      requestBytes: 3,
      responseBytes: 5,
      referer: 'r',
      userAgent: 'ua',
      clientAddress: `127.0.0.1:${port}`,
      forwardedFor: '127.0.0.1',
      forwardedProto: 'http',
      routerError: '',
      upgraded: false,
    });
    expect(record.endpoint).to.equal(endpoint);
    expect(record.extraHeaders).to.deep.equal(['t1', '']);
    // The lane's clock is 2 ms from the wall clock at most, which has whole ms.
    expect(record.receivedAtMs).to.be.within(askedAtMs - 3, Date.now() + 3);
    expect(record.responseTimeMs).to.be.greaterThan(0);
    expect(record.gorouterTimeMs).to.be.within(0, record.responseTimeMs);
    expect(record.attempts).to.include({ failedAttempts: 0, failedAttemptsMs: undefined, tlsMs: 0 });
    expect(record.attempts?.localAddress).to.match(/^127\.0\.0\.1:\d+$/);
    expect(record.attempts?.backendMs).to.be.greaterThan(0);
    expect(record.attempts?.dialMs).to.be.greaterThan(0);
  });
});

import { expect } from 'chai';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

describeLane('request line', (stage) => {
  const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'PURGE', 'QUERY'];
  for (const method of METHODS) {
    it(`forwards ${method} without a body as it came`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(ok()));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      const answer = await client.ask(`${method} /x HTTP/1.1\r\nHost: app.test\r\n\r\n`);

      expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
      expect(answer.body.toString()).to.equal('ok');
      expect(backend.received).to.match(new RegExp(`^${method} /x HTTP/1\\.1\r\nHost: app\\.test\r\n`));
      expect(backend.received.toLowerCase()).not.to.match(/content-length|transfer-encoding/);
      expect((await recordOf(lane)).method).to.equal(method);
    });
  }

  const TARGETS = [
    '/',
    '//x',
    '//x//y/',
    '/a%2Fb',
    '/a/../b/./c',
    '/a;b=c;d',
    '/?',
    '/p?',
    '/p?a=1;b=2&&c',
    '/p?a=b?c',
    '/%7euser',
    "/!$&'()*+,;=:@-._~",
    '/a|b^c`{}"<>\\',
    `/${'x'.repeat(8_000)}?${'y'.repeat(8_000)}`,
  ];
  for (const target of TARGETS) {
    it(`forwards the target ${target.slice(0, 30)} byte for byte`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(ok()));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);

      const answer = await client.ask(`GET ${target} HTTP/1.1\r\nHost: app.test\r\n\r\n`);

      expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
      expect(backend.received.split('\r\n')[0]).to.equal(`GET ${target} HTTP/1.1`);
      expect((await recordOf(lane)).target).to.equal(target);
    });
  }

  it('routes an absolute-form target by its own host, and sends origin-form with that host', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask('GET http://APP.test:80/x?y HTTP/1.1\r\nHost: other.test\r\n\r\n');

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(backend.received).to.match(/^GET \/x\?y HTTP\/1\.1\r\nHost: APP\.test:80\r\n/);
  });

  it('speaks HTTP/1.1 to the endpoint for an HTTP/1.0 client, and closes after the answer', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send('GET /old HTTP/1.0\r\nHost: app.test\r\n\r\n');
    const answer = (await client.reader.toEnd()).toString();

    expect(backend.received.split('\r\n')[0]).to.equal('GET /old HTTP/1.1');
    expect(answer).to.match(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer.toLowerCase()).not.to.include('connection:');
    expect(answer).to.match(/\r\n\r\nok$/);
    expect((await recordOf(lane)).protocol).to.equal('HTTP/1.0');
  });

  it('keeps an HTTP/1.0 connection that asks for it, and says so', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const request = 'GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n';

    expect((await client.ask(request)).header('connection')).to.equal('keep-alive');
    expect((await client.ask(request)).startLine).to.equal('HTTP/1.1 200 OK');
  });

  it('ends the body of an unknown length by closing for an HTTP/1.0 client, even one that sends TE', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(
      answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    );
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.send('GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\nTE: chunked\r\n\r\n');
    const answer = (await client.reader.toEnd()).toString();

    expect(answer).to.match(/\r\n\r\nok$/);
    expect(answer.toLowerCase()).not.to.include('transfer-encoding');
    expect(answer.toLowerCase()).not.to.include('keep-alive');
  });
});

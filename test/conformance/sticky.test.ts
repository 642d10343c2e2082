import { expect } from 'chai';
import { deadPort, describeLane, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const get = (cookie: string): string => `GET / HTTP/1.1\r\nHost: app.test\r\nCookie: ${cookie}\r\n\r\n`;

describeLane('sticky sessions', (stage) => {
  it('bind a client to the instance that set its session cookie', async () => {
    const lane = await stage.start();
    const backends = await Promise.all(
      ['a', 'b', 'c'].map((name) => stage.backend(answering(ok(name, 'Set-Cookie: JSESSIONID=s; Secure')))),
    );
    route(
      lane,
      'app.test',
      backends.map(({ port }, i) => ({ port, instanceId: `id-${i}` })),
      { contextPath: '/Ctx' },
    );
    const client = await stage.client(lane);

    const first = await client.ask('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    const served = first.body.toString();
    const id = `id-${['a', 'b', 'c'].indexOf(served)}`;

    expect(first.headerLines.filter((line) => line.startsWith('Set-Cookie: __'))).to.deep.equal([
      `Set-Cookie: __VCAP_ID__=${id}; Path=/Ctx; HttpOnly; Secure`,
      'Set-Cookie: __VCAP_ID_META__=secure; Path=/Ctx; HttpOnly; Secure',
    ]);
    for (let i = 0; i < 5; i += 1) {
      const next = await client.ask(get(`JSESSIONID=s; __VCAP_ID__=${id}`));
      expect(next.body.toString()).to.equal(served);
    }
    // Both cookies are passed on.
    expect(backends[0]!.received).to.include(`\r\nCookie: JSESSIONID=s; __VCAP_ID__=${id}\r\n`);
  });

  it('bind a client anew when its instance is gone', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [{ port: backend.port, instanceId: 'here' }]);
    const client = await stage.client(lane);

    const answer = await client.ask(get('JSESSIONID=s; __VCAP_ID__=gone'));

    expect(answer.header('set-cookie')).to.equal('__VCAP_ID__=here; Path=/; HttpOnly');
  });

  it('do not come from __VCAP_ID__ alone', async () => {
    const lane = await stage.start();
    const backends = await Promise.all(['a', 'b'].map((name) => stage.backend(answering(ok(name)))));
    route(
      lane,
      'app.test',
      backends.map(({ port }, i) => ({ port, instanceId: `id-${i}` })),
    );
    const client = await stage.client(lane);

    const served = new Set<string>();
    for (let i = 0; i < 4; i += 1) {
      const answer = await client.ask(get('__VCAP_ID__=id-0'));
      served.add(answer.body.toString());
      expect(answer.header('set-cookie')).to.equal(undefined);
    }
    expect([...served].sort()).to.deep.equal(['a', 'b']);
  });

  it('keep their attributes when a client is bound anew', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [{ port: backend.port, instanceId: 'here' }]);
    const client = await stage.client(lane);

    const meta = 'secure&partitioned&samesite=none';
    const answer = await client.ask(get(`__Host-JSESSIONID=s; __VCAP_ID__=gone; __VCAP_ID_META__=${meta}`));

    expect(answer.header('set-cookie')).to.equal(
      '__VCAP_ID__=here; Path=/; HttpOnly; Secure; SameSite=None; Partitioned',
    );
    const line = lane.lines.find(({ message }) => message === 'endpoint-missing-choosing-alternate');
    expect(line).to.deep.include({ level: 'debug', data: { 'requested-endpoint': 'gone' } });
  });

  it('bind with each of several session cookies, in their order', async () => {
    const lane = await stage.start({ settings: { stickyCookieNames: new Set(['old', 'new']) } });
    const backend = await stage.backend(
      answering(ok('ok', 'Set-Cookie: old=; Max-Age=0', 'Set-Cookie: new=1; Secure; Partitioned')),
    );
    route(lane, 'app.test', [{ port: backend.port, instanceId: 'here' }]);
    const client = await stage.client(lane);

    const answer = await client.ask(get('x=y'));

    expect(answer.headerLines.filter((line) => line.startsWith('Set-Cookie'))).to.deep.equal([
      'Set-Cookie: old=; Max-Age=0',
      'Set-Cookie: new=1; Secure; Partitioned',
      'Set-Cookie: __VCAP_ID__=here; Path=/; Max-Age=0; HttpOnly',
      'Set-Cookie: __VCAP_ID_META__=maxage=-1; Path=/; Max-Age=0; HttpOnly',
      'Set-Cookie: __VCAP_ID__=here; Path=/; HttpOnly; Secure; Partitioned',
      'Set-Cookie: __VCAP_ID_META__=secure&partitioned; Path=/; HttpOnly; Secure; Partitioned',
    ]);
  });

  it("leave an app's own __VCAP_ID__ alone", async () => {
    const lane = await stage.start();
    const backend = await stage.backend(
      answering(ok('ok', 'Set-Cookie: JSESSIONID=s', 'Set-Cookie: __VCAP_ID__=mine')),
    );
    route(lane, 'app.test', [{ port: backend.port, instanceId: 'here' }]);
    const client = await stage.client(lane);

    const answer = await client.ask(get('JSESSIONID=s; __VCAP_ID__=gone'));

    expect(answer.headerLines.filter((line) => line.startsWith('Set-Cookie'))).to.deep.equal([
      'Set-Cookie: JSESSIONID=s',
      'Set-Cookie: __VCAP_ID__=mine',
    ]);
  });

  it('stay with an instance that fails now and then, for the first attempt of each request', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [
      { port: await deadPort(), instanceId: 'dead' },
      { port: backend.port, instanceId: 'alive' },
    ]);
    const client = await stage.client(lane);

    for (let i = 0; i < 2; i += 1) {
      const answer = await client.ask(get('JSESSIONID=s; __VCAP_ID__=dead'));
      expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
      expect(answer.header('set-cookie')).to.equal('__VCAP_ID__=alive; Path=/; HttpOnly');
    }
    expect(lane.lines.filter(({ message }) => message === 'backend-endpoint-failed')).to.have.length(2);
  });

  describe('for Negotiate authentication', () => {
    const settings = { stickyForAuthNegotiate: true };
    const authorized = (cookie: string): string =>
      get(cookie).replace('\r\n\r\n', '\r\nAuthorization: negotiate abc\r\n\r\n');

    it('bind for a minute to the instance that asks for it', async () => {
      const lane = await stage.start({ settings });
      const backend = await stage.backend(
        answering(
          'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nSet-Cookie: JSESSIONID=s; Secure\r\nContent-Length: 0\r\n\r\n',
        ),
      );
      route(lane, 'app.test', [{ port: backend.port, instanceId: 'here' }]);
      const client = await stage.client(lane);

      const answer = await client.ask(get('x=y'));
      expect(answer.headerLines.filter((line) => line.startsWith('Set-Cookie: __'))).to.deep.equal([
        'Set-Cookie: __VCAP_ID__=here; Path=/; Max-Age=60; HttpOnly; SameSite=Strict',
      ]);
      const bound = await client.ask(authorized('__VCAP_ID__=here'));
      // From the same instance it is a session like any other.
      expect(bound.headerLines.filter((line) => line.startsWith('Set-Cookie: __'))).to.deep.equal([
        'Set-Cookie: __VCAP_ID__=here; Path=/; HttpOnly; Secure',
        'Set-Cookie: __VCAP_ID_META__=secure; Path=/; HttpOnly; Secure',
      ]);
    });

    it('go to that instance or fail', async () => {
      const lane = await stage.start({ settings });
      const backend = await stage.backend(answering(ok()));
      route(lane, 'app.test', [
        { port: backend.port, instanceId: 'here' },
        { port: await deadPort(), instanceId: 'dead' },
      ]);
      const client = await stage.client(lane);

      for (let i = 0; i < 3; i += 1) {
        expect((await client.ask(authorized('__VCAP_ID__=here'))).startLine).to.equal('HTTP/1.1 200 OK');
      }
      const gone = await client.ask(authorized('__VCAP_ID__=gone'));
      expect(gone.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
      expect(gone.header('x-cf-routererror')).to.equal('endpoint_failure (No endpoints available)');
      expect(lane.lines.find(({ message }) => message === 'select-endpoint-failed')).to.deep.include({
        level: 'error',
        data: { host: 'app.test', error: 'No endpoints available' },
      });
      const dead = await client.ask(authorized('__VCAP_ID__=dead'));
      expect(dead.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
      expect(dead.header('x-cf-routererror')).to.match(/connection refused\)$/);
      expect(backend.received.match(/GET/g), 'the other instance').to.have.length(3);
    });
  });
});

import { expect } from 'chai';
import { describeLane, route } from '../support/lane-fixture.ts';
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

    expect(first.headerLines).to.include(`Set-Cookie: __VCAP_ID__=${id}; Path=/Ctx; HttpOnly; Secure`);
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
});

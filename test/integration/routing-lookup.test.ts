import { expect } from 'chai';
import { closingAfterAll } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';

/** Routes and the name of the backend that serves each. Those of one group meet in the same request hosts. */
const ROUTES: Readonly<Record<string, string>> = {
  'a.exact.test': 'exact',
  '*.exact.test': 'wildcard',
  '*.exact.test/long/path': 'wildcard path',
  'b.exact.test/only': 'exact path',
  'paths.test': 'root',
  'paths.test/v1': 'v1',
  'paths.test/v1/deep': 'deep',
  '*.labels.test': 'any',
  '*.two.labels.test': 'two',
  'App.Case.Test/MiXed': 'case',
  'query.test/x/?y=1': 'query',
  'port.test': 'port',
  'unicode.test/größe': 'unicode',
};

const REQUESTS: readonly { name: string; host: string; path?: string; expect: string | 404 }[] = [
  { name: 'the exact host before the wildcard', host: 'a.exact.test', expect: 'exact' },
  {
    name: 'the exact host without a path before the wildcard with one',
    host: 'a.exact.test',
    path: '/long/path',
    expect: 'exact',
  },
  { name: 'the exact host with its path', host: 'b.exact.test', path: '/only/z', expect: 'exact path' },
  {
    name: 'the wildcard where the exact host has no route for the path',
    host: 'b.exact.test',
    path: '/other',
    expect: 'wildcard',
  },
  {
    name: 'the longest path of a wildcard',
    host: 'c.exact.test',
    path: '/long/path/x',
    expect: 'wildcard path',
  },
  { name: 'the longest context path', host: 'paths.test', path: '/v1/deep/er', expect: 'deep' },
  { name: 'a shorter one', host: 'paths.test', path: '/v1/dee', expect: 'v1' },
  { name: 'whole segments only', host: 'paths.test', path: '/v10', expect: 'root' },
  { name: 'a path as sent, dot segments and all', host: 'paths.test', path: '/x/../v1', expect: 'root' },
  { name: 'a path as sent, not decoded', host: 'paths.test', path: '/%761', expect: 'root' },
  { name: 'a path before its query', host: 'paths.test', path: '/v1?x=/deep', expect: 'v1' },
  { name: 'a wildcard for one label', host: 'x.labels.test', expect: 'any' },
  { name: 'a wildcard for several labels', host: 'x.y.z.labels.test', expect: 'any' },
  { name: 'the wildcard with more labels of its own', host: 'x.y.two.labels.test', expect: 'two' },
  { name: 'no wildcard for the domain itself', host: 'labels.test', expect: 404 },
  { name: 'a host in any case', host: 'aPP.cASE.tEST', path: '/mixed', expect: 'case' },
  { name: 'a path in any case', host: 'app.case.test', path: '/MIXED/More', expect: 'case' },
  { name: 'a route registered with query and slash', host: 'query.test', path: '/x', expect: 'query' },
  { name: 'a host with a port', host: 'port.test:8443', expect: 'port' },
  { name: 'a host with a trailing dot', host: 'port.test.', expect: 'port' },
  { name: 'nothing for a path alone', host: 'unknown.test', path: '/v1', expect: 404 },
  {
    name: 'nothing for dots of the path',
    host: 'test',
    path: '/x.labels.test',
    expect: 404,
  },
];

describe('a router matching requests to routes', () => {
  const closing = closingAfterAll();
  let router: RouterProcess;
  let emitter: RouteEmitter;

  before(async () => {
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.start(closing, `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`);
    emitter = await RouteEmitter.start(closing, nats.port, router);
    for (const [uri, name] of Object.entries(ROUTES)) {
      const { port } = await HttpBackend.start(closing, name);
      emitter.register({ uris: [uri], port });
    }
    await emitter.settled();
  });

  async function backend(name: string): Promise<number> {
    return (await HttpBackend.start(closing, name)).port;
  }

  for (const { name, host, path = '/', expect: expected } of REQUESTS) {
    it(`finds ${name}`, async () => {
      const { status, body } = await get(router, host, path);
      if (expected === 404) expect(status).to.equal(404);
      else expect({ status, body }).to.deep.equal({ status: 200, body: expected });
    });
  }

  it('says which route does not exist', async () => {
    const { status, headers, body } = await get(router, 'Missing.Test:81', '/x');
    expect({ status, body }).to.deep.equal({
      status: 404,
      body: "404 Not Found: Requested route ('Missing.Test:81') does not exist.\n",
    });
    expect(headers).to.include({
      'x-cf-routererror': 'unknown_route',
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-cache, no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  it('serves each URI of a registration, and lets them go one by one', async () => {
    const port = await backend('several');
    const uris = ['one.several.test', 'two.several.test/p', '*.several.test'];
    emitter.register({ uris, port });
    await emitter.settled();
    expect((await get(router, 'one.several.test')).body).to.equal('several');
    expect((await get(router, 'two.several.test', '/p')).body).to.equal('several');
    expect((await get(router, 'three.several.test')).body).to.equal('several');
    emitter.unregister({ uris: ['*.several.test', 'two.several.test/P/'], port });
    await emitter.settled();
    expect((await get(router, 'one.several.test')).body).to.equal('several');
    expect((await get(router, 'two.several.test', '/p')).status).to.equal(404);
    expect((await get(router, 'three.several.test')).status).to.equal(404);
  });

  it('answers 404 once the last endpoint is unregistered', async () => {
    const [one, two] = [await backend('one'), await backend('two')];
    for (const port of [one, two]) emitter.register({ uris: ['going.test'], port });
    emitter.unregister({ uris: ['going.test'], port: one });
    await emitter.settled();
    for (let i = 0; i < 4; i += 1) expect((await get(router, 'going.test')).body).to.equal('two');
    emitter.unregister({ uris: ['going.test'], port: two });
    await emitter.settled();
    expect((await get(router, 'going.test')).status).to.equal(404);
    expect(await router.status('/routes')).to.not.have.property('going.test');
  });

  it('keeps an endpoint whose unregister names another address, or another kind of port', async () => {
    const port = await backend('kept');
    emitter.register({ uris: ['kept.test'], port });
    emitter.unregister({ uris: ['kept.test'], port, host: '127.0.0.2' });
    emitter.unregister({ uris: ['kept.test'], port, tls_port: 1 });
    emitter.unregister({ uris: ['*.test'], port });
    await emitter.settled();
    expect((await get(router, 'kept.test')).body).to.equal('kept');
  });

  it('replaces an endpoint in place when its registration changes', async () => {
    const ports = [await backend('one'), await backend('two'), await backend('three')];
    for (const port of ports)
      emitter.register({ uris: ['replaced.test'], port, private_instance_id: `${port}` });
    emitter.register({
      uris: ['replaced.test'],
      port: ports[1]!,
      private_instance_id: 'another',
      tags: { component: 'x' },
      availability_zone: 'z2',
    });
    await emitter.settled();
    const { 'replaced.test': endpoints } = await router.status('/routes');
    expect(endpoints?.map(({ address }) => address)).to.deep.equal(ports.map((port) => `127.0.0.1:${port}`));
    expect(endpoints?.[1]).to.include({ private_instance_id: 'another', availability_zone: 'z2' });
    // The zone alone is news too.
    emitter.register({
      uris: ['replaced.test'],
      port: ports[1]!,
      private_instance_id: 'another',
      tags: { component: 'x' },
      availability_zone: 'z3',
    });
    await emitter.settled();
    expect((await router.status('/routes'))['replaced.test']?.[1]).to.include({ availability_zone: 'z3' });
    const answers = new Set<string>();
    for (let i = 0; i < 12; i += 1) answers.add((await get(router, 'replaced.test')).body);
    expect([...answers].sort()).to.deep.equal(['one', 'three', 'two']);
  });

  it('tells the endpoint which instance it is, from the registration that replaced another', async () => {
    const { port } = await HttpBackend.start(closing, 'echo', (req, res) => {
      res.end(`${req.headers['x-cf-instanceid']} ${req.headers['x-cf-applicationid']}`);
    });
    emitter.register({ uris: ['echo.test'], port, private_instance_id: 'old' });
    emitter.register({ uris: ['echo.test'], port, private_instance_id: 'new', app: 'other' });
    await emitter.settled();
    for (let i = 0; i < 6; i += 1) expect((await get(router, 'echo.test')).body).to.equal('new other');
  });

  describe('asked for one instance', () => {
    const APP = '0f0e0d0c-0b0a-4908-8706-050403020100';
    const other = '1f0e0d0c-0b0a-4908-8706-050403020100';

    before(async () => {
      for (const index of ['0', '1', '2']) {
        const port = await backend(`instance ${index}`);
        emitter.register({
          uris: ['instances.test'],
          port,
          app: APP,
          private_instance_id: `id-${index}`,
          private_instance_index: index,
          tags: { process_id: index === '2' ? other : APP },
        });
      }
      await emitter.settled();
    });

    const ask = (headers: Record<string, string>) => get(router, 'instances.test', '/', headers);

    it('asks that one alone', async () => {
      for (let i = 0; i < 5; i += 1) {
        expect((await ask({ 'X-CF-App-Instance': `${APP}:1` })).body).to.equal('instance 1');
      }
    });

    it('answers 400 for an instance or app that the route does not have', async () => {
      const missing = await ask({ 'X-CF-App-Instance': `${APP}:7` });
      expect(missing).to.include({
        status: 400,
        body: `400 Bad Request: Requested instance ('7') with guid ('${APP}') does not exist for route ('instances.test')\n`,
      });
      expect(missing.headers['x-cf-routererror']).to.equal('unknown_route');
      expect((await ask({ 'X-CF-App-Instance': `${other}:1` })).status).to.equal(400);
      const elsewhere = await get(router, 'port.test', '/', { 'X-CF-App-Instance': `${APP}:1` });
      expect(elsewhere.status).to.equal(400);
    });

    it('answers 400 for a malformed wish', async () => {
      const { status, headers } = await ask({ 'X-CF-App-Instance': `${APP}` });
      expect(status).to.equal(400);
      expect(headers['x-cf-routererror']).to.equal('invalid_cf_app_instance_header');
    });

    it('asks the instances of one process', async () => {
      const answers = new Set<string>();
      for (let i = 0; i < 16; i += 1) answers.add((await ask({ 'X-CF-Process-Instance': APP })).body);
      expect([...answers].sort()).to.deep.equal(['instance 0', 'instance 1']);
      expect((await ask({ 'X-CF-Process-Instance': `${other}:2` })).body).to.equal('instance 2');
    });

    it('ignores an empty wish', async () => {
      expect((await ask({ 'X-CF-App-Instance': '' })).status).to.equal(200);
    });
  });
});

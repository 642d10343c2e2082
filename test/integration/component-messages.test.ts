import { inflateSync } from 'node:zlib';
import { expect } from 'chai';
import { connect, type NatsConnection } from 'nats';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const STATUS = 'host: 127.0.0.1, port: 0, user: router-status, pass: secret, routes: {port: 0}';
const COMPONENT = `status: {${STATUS}, enable_deprecated_varz_healthz_endpoints: true}`;

interface Heard {
  readonly subject: string;
  readonly data: Uint8Array;
}

describe('messages of the first generations', () => {
  const closing = closingAfterEach();
  let nats: NatsServer;
  let bus: NatsConnection;
  let heard: Heard[];

  beforeEach(async () => {
    nats = await NatsServer.start(closing);
    bus = await connect({ servers: `127.0.0.1:${nats.port}`, reconnect: false });
    closing(() => bus.close());
    heard = [];
    for (const subject of ['vcap.component.announce', 'router.active_apps']) {
      bus.subscribe(subject, { callback: (_, { subject, data }) => heard.push({ subject, data }) });
    }
    await bus.flush();
  });

  const start = (config: string): Promise<RouterProcess> =>
    RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}\nindex: 3\n${config}`,
    );

  const read = ({ data }: { readonly data: Uint8Array }): Record<string, unknown> =>
    JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>;

  const discover = async (): Promise<Record<string, unknown>> =>
    read(await bus.request('vcap.component.discover', '', { timeout: 30_000 }));

  it('announce the router once, and answer whoever asks for it with what is true then', async () => {
    const router = await start(COMPONENT);
    await router.said('Component Router registered successfully', ({ source }) => source.endsWith('.router'));
    const announced = read(await until(() => heard[0], 'the announcement'));
    expect(announced).to.include({
      type: 'Router',
      index: 3,
      host: `127.0.0.1:${router.healthPort}`,
      urls: 0,
      requests: 0,
    });
    expect(announced.credentials).to.deep.equal(['router-status', 'secret']);
    expect(announced.uuid).to.match(/^3-[0-9a-f-]{36}$/u);

    await get(router, 'nowhere.test');
    await until(async () => (await discover()).requests === 1, 'the request to be told');
    expect((await discover()).uuid).to.equal(announced.uuid);

    bus.publish('vcap.component.discover');
    await router.said('Received message with empty reply on subject vcap.component.discover');
    expect(heard.map(({ subject }) => subject)).to.deep.equal(['vcap.component.announce']);
  });

  it('answer again after the bus was away, and do not announce twice', async () => {
    const router = await start(COMPONENT);
    await until(() => heard[0], 'the announcement');
    await nats.stop();
    await router.said('nats-connection-disconnected');
    await nats.start();
    bus = await connect({ servers: `127.0.0.1:${nats.port}`, reconnect: false });
    closing(() => bus.close());
    bus.subscribe('vcap.component.announce', { callback: (_, message) => heard.push(message) });
    await bus.flush();
    await router.said('nats-connection-reconnected');
    await until(async () => (await discover().catch(() => undefined))?.type === 'Router', 'an answer');
    expect(heard).to.have.length(1);
  });

  it('are not there unless both settings ask for them', async () => {
    for (const settings of ['', ', enable_nontls_health_checks: true']) {
      const router = await start(`status: {${STATUS}${settings}}`);
      const refused = await discover().catch((error: { code: string }) => error.code);
      expect(refused).to.equal('503'); // nobody subscribes to it
      expect(heard).to.deep.equal([]);
      expect(router.last('Component Router registered successfully')).to.equal(undefined);
      expect(await router.stop()).to.equal(0);
    }
  });

  it('tell which apps answered since the last time, an empty list when none did', async () => {
    const router = await start('publish_active_apps_interval: 100ms');
    const backend = await HttpBackend.start(closing, 'one');
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    emitter.register({ uris: ['one.test'], port: backend.port, app: 'app-1' });
    emitter.register({ uris: ['two.test'], port: backend.port, app: 'app-2' });
    emitter.register({ uris: ['anonymous.test'], port: backend.port, app: '' });
    await emitter.settled();
    const told = (): string[][] => {
      const messages = heard.filter(({ subject }) => subject === 'router.active_apps');
      return messages.map(({ data }) => JSON.parse(inflateSync(data).toString()) as string[]);
    };
    await until(() => told().length > 0, 'a message');
    expect(told()[0]).to.deep.equal([]);
    await Promise.all(
      ['one.test', 'two.test', 'one.test', 'nowhere.test', 'anonymous.test'].map((host) => get(router, host)),
    );
    await until(() => new Set(told().flat()).size === 2, 'both apps');
    expect(new Set(told().flat())).to.deep.equal(new Set(['app-1', 'app-2']));
    const before = told().length;
    await until(() => told().length > before + 1, 'more messages');
    expect(told().at(-1)).to.deep.equal([]);
  });

  it('show requests by app and component in /varz', async () => {
    const router = await start(COMPONENT);
    const backend = await HttpBackend.start(closing, 'one');
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    const tags = { component: 'api' };
    emitter.register({ uris: ['one.test'], port: backend.port, app: 'app-1', tags });
    emitter.register({ uris: ['two.test'], port: backend.port, app: 'app-2' });
    await emitter.settled();
    for (const host of ['one.test', 'one.test', 'two.test', 'one.test', 'nowhere.test'])
      await get(router, host);
    const varz = await until(async () => {
      const page = await router.status('/varz');
      return page.requests === 5 ? page : undefined;
    }, 'all requests to be counted');
    expect(varz.top10_app_requests).to.deep.equal([
      { application_id: 'app-1', rpm: 3, rps: 0 },
      { application_id: 'app-2', rpm: 1, rps: 0 },
    ]);
    const { component } = varz.tags as { component: Record<string, Record<string, unknown>> };
    expect(component).to.have.all.keys('api');
    expect(component.api).to.include({ requests: 3, responses_2xx: 3, responses_5xx: 0 });
    expect(component.api!.latency).to.include({ value: 5e-7, samples: 1 });
    expect((component.api!.latency as Record<string, number>)['50']).to.be.greaterThan(0);
    expect(component.api!.rate).to.have.length(3);
  });
});

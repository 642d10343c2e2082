import { expect } from 'chai';
import { connect } from 'nats';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const natsAt = (port: number): string => `nats: {hosts: [{hostname: 127.0.0.1, port: ${port}}]}`;

interface StartMessage {
  readonly id: string;
  readonly hosts: readonly string[];
  readonly minimumRegisterIntervalInSeconds: number;
  readonly pruneThresholdInSeconds: number;
}

/** Bodies that are no register message, each in its own way. */
const BAD: readonly { name: string; body: string }[] = [
  { name: 'no JSON', body: '{"uris":["bad.test"]' },
  { name: 'nothing', body: '' },
  { name: 'a list', body: '[{"uris":["bad.test"],"host":"127.0.0.1","port":1}]' },
  { name: 'two objects', body: '{"uris":["bad.test"],"host":"127.0.0.1","port":1}{}' },
  { name: 'a port as text', body: '{"uris":["bad.test"],"host":"127.0.0.1","port":"80"}' },
  { name: 'a port too large', body: '{"uris":["bad.test"],"host":"127.0.0.1","port":70000}' },
  { name: 'a fraction of a port', body: '{"uris":["bad.test"],"host":"127.0.0.1","port":80.5}' },
  { name: 'one text for uris', body: '{"uris":"bad.test","host":"127.0.0.1","port":1}' },
  { name: 'a number as tag', body: '{"uris":["bad.test"],"port":1,"tags":{"a":1}}' },
  {
    name: 'a route service without https',
    body: '{"uris":["bad.test"],"port":1,"route_service_url":"http://rs.test"}',
  },
  { name: 'bytes', body: '\u0000\u0001\u0002' },
  { name: 'depth', body: `{"uris":["bad.test"],"port":1,"x":${'['.repeat(50_000)}` },
];

describe('a router hearing messages', () => {
  const closing = closingAfterEach();

  async function start(config = '') {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(closing, `${natsAt(nats.port)}\n${config}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    return { nats, router, emitter };
  }

  it('drops a bad message alone, whatever is wrong with it, and counts it', async () => {
    const { router, emitter } = await start();
    const { port } = await HttpBackend.start(closing, 'good');
    for (const [i, { body }] of BAD.entries()) {
      emitter.register({ uris: [`before-${i}.test`], port });
      emitter.say('router.register', body);
      emitter.register({ uris: [`after-${i}.test`], port });
    }
    await emitter.settled();
    const routes = Object.keys(await router.status('/routes'));
    expect(routes).to.have.lengthOf(2 * BAD.length);
    expect(routes).to.not.include('bad.test');
    const { nats } = (await router.status('/varz')) as { nats: { invalid: number; registers: number } };
    expect(nats).to.include({ invalid: BAD.length, registers: 2 * BAD.length });
    expect((await get(router, 'after-3.test')).body).to.equal('good');
  });

  it('says once a second what is wrong with messages of a kind', async () => {
    const { router, emitter } = await start();
    for (let i = 0; i < 300; i += 1) {
      emitter.say('router.register', `{"uris":["bad-${i}.test"],"port":"x"}`);
      emitter.say('router.unregister', 'nonsense');
    }
    await emitter.settled();
    // What the log says may come later than what the status pages say.
    await router.said('validation-error', ({ data }) => String(data.error).includes('port'));
    await router.said('validation-error', ({ data }) => data.subject === 'router.unregister');
    const lines = router.lines.filter(({ message }) => message === 'validation-error');
    const ports = lines.filter(({ data }) => String(data.error).includes('port'));
    expect(ports).to.have.lengthOf.within(1, 3);
    expect(lines.length - ports.length).to.be.within(1, 3);
    expect(ports[0]).to.deep.include({ source: 'gorouter.stdout.subscriber', log_level: 3 });
    expect(ports[0]?.data).to.include({
      payload: '{"uris":["bad-0.test"],"port":"x"}',
      subject: 'router.register',
    });
  });

  it('leaves bad options out and keeps their endpoint', async () => {
    const { router, emitter } = await start();
    const { port } = await HttpBackend.start(closing, 'good');
    emitter.register({ uris: ['options.test'], port, options: { loadbalancing: 5, hash_balance: 'x' } });
    emitter.register({ uris: ['whole.test'], port, options: 'none' });
    await emitter.settled();
    expect((await get(router, 'options.test')).body).to.equal('good');
    expect((await get(router, 'whole.test')).body).to.equal('good');
    await router.said('route-option-ignored');
  });

  it('ignores empty and null URIs', async () => {
    const { router, emitter } = await start();
    emitter.register({ uris: ['', null, 'named.test'] as string[], port: 1 });
    emitter.say('router.register', 'null');
    await emitter.settled();
    expect(Object.keys(await router.status('/routes'))).to.deep.equal(['named.test']);
  });

  it('reads names of fields in any case, and takes the last of two', async () => {
    const { router, emitter } = await start();
    const { port } = await HttpBackend.start(closing, 'good');
    emitter.say(
      'router.register',
      `{"URIS":["x.test"],"uris":["case.test"],"Host":"127.0.0.1","PORT":1,"port":${port}}`,
    );
    await emitter.settled();
    expect((await get(router, 'case.test')).body).to.equal('good');
  });

  it('answers router.greet, without complaint about its empty body', async () => {
    const { router, emitter } = await start('start_response_delay_interval: 1s\nindex: 3');
    const answer = await emitter.connection.request('router.greet', '', { timeout: 30_000 });
    const told = answer.json<StartMessage>();
    expect(told).to.deep.include({ minimumRegisterIntervalInSeconds: 1, pruneThresholdInSeconds: 120 });
    expect(told.id).to.match(/^3-[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/);
    expect(told.hosts).to.have.lengthOf(1);
    expect(router.lines.filter(({ message }) => message === 'validation-error')).to.deep.equal([]);
  });

  it('publishes router.start at its start, on the interval, and again when NATS is back', async () => {
    const nats = await NatsServer.start(closing);
    const listening = async (): Promise<StartMessage[]> => {
      const connection = await connect({ servers: `127.0.0.1:${nats.port}`, reconnect: false });
      closing(() => connection.close());
      const heard: StartMessage[] = [];
      connection.subscribe('router.start', {
        callback: (_, message) => {
          heard.push(message.json<StartMessage>());
        },
      });
      await connection.flush();
      return heard;
    };
    const heard = await listening();
    const router = await RouterProcess.start(
      closing,
      `${natsAt(nats.port)}\npublish_start_message_interval: 300ms`,
    );
    await until(() => heard.length >= 4, 'repeated start messages');
    expect(new Set(heard.map(({ id }) => id)).size).to.equal(1);
    await nats.stop('SIGKILL');
    await router.said('nats-connection-disconnected');
    await nats.start();
    const again = await listening();
    await router.said('nats-connection-reconnected');
    await until(() => again.length >= 1, 'a start message after the loss');
    expect(again[0]?.id).to.equal(heard[0]?.id);
  });

  it('publishes router.start once when there is no interval', async () => {
    const nats = await NatsServer.start(closing);
    const connection = await connect({ servers: `127.0.0.1:${nats.port}`, reconnect: false });
    closing(() => connection.close());
    let heard = 0;
    connection.subscribe('router.start', {
      callback: () => {
        heard += 1;
      },
    });
    await connection.flush();
    const router = await RouterProcess.start(
      closing,
      `${natsAt(nats.port)}\npublish_start_message_interval: 0s`,
    );
    await RouteEmitter.start(closing, nats.port, router);
    await until(() => heard === 1, 'the start message');
    await connection.request('router.greet', '', { timeout: 30_000 });
    expect(heard).to.equal(1);
  });
});

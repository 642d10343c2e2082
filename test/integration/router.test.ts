import { expect } from 'chai';
import { BusClient } from '../support/bus-client.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const natsAt = (port: number): string => `nats: {hosts: [{hostname: 127.0.0.1, port: ${port}}]}`;

describe('a router, from outside', () => {
  const closing = closingAfterEach();

  it('routes to what registered over NATS, through two workers', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(closing, natsAt(nats.port));
    const bus = await BusClient.connect(closing, nats.port);
    const one = await HttpBackend.start(closing, 'one');
    const two = await HttpBackend.start(closing, 'two');
    for (const { port } of [one, two]) await bus.register({ uris: ['app.example.com'], port });
    await router.knowsRoutes(1);
    const answers = new Set<string>();
    for (let i = 0; i < 20; i += 1) answers.add((await get(router, 'app.example.com')).body);
    expect([...answers].sort()).to.deep.equal(['one', 'two']);
    await until(
      async () => (await router.status('/workers')).every(({ requests }) => requests > 0),
      'requests in both workers',
    );
  });

  it('loses no request when one of two backends dies', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(closing, `${natsAt(nats.port)}\nbackends: {max_attempts: 3}`);
    const bus = await BusClient.connect(closing, nats.port);
    const one = await HttpBackend.start(closing, 'one');
    const two = await HttpBackend.start(closing, 'two');
    for (const { port } of [one, two]) await bus.register({ uris: ['app.example.com'], port });
    await router.knowsRoutes(1);
    await one.stop();
    for (let i = 0; i < 40; i += 1) {
      expect(await get(router, 'app.example.com')).to.include({ status: 200, body: 'two' });
    }
    await router.said('endpoint-marked-as-ineligible');
  });

  it('serves a restored route as soon as it is healthy, with NATS stopped', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(closing, natsAt(nats.port));
    const bus = await BusClient.connect(closing, nats.port);
    const one = await HttpBackend.start(closing, 'one');
    await bus.register({ uris: ['app.example.com/v1'], port: one.port });
    await router.knowsRoutes(1);
    expect(await router.stop()).to.equal(0);
    await nats.stop();
    await router.launch();
    await until(async () => (await router.health()) === 200, 'health');
    expect(await get(router, 'app.example.com', '/v1/x')).to.include({ status: 200, body: 'one' });
    const { 'app.example.com/v1': endpoints } = await router.status('/routes');
    expect(endpoints?.[0]).to.include({ restored: true });
    await nats.start();
    const again = await BusClient.connect(closing, nats.port);
    await until(async () => {
      await again.register({ uris: ['app.example.com/v1'], port: one.port });
      const { 'app.example.com/v1': confirmed } = await router.status('/routes');
      return confirmed?.[0]?.restored === undefined;
    }, 'the confirmation');
  });

  it('sends nothing to workers for heartbeats', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(closing, natsAt(nats.port));
    const bus = await BusClient.connect(closing, nats.port);
    await bus.register({ uris: ['app.example.com'], port: 1 });
    await router.knowsRoutes(1);
    const before = await router.status('/workers');
    for (let i = 0; i < 100; i += 1) await bus.register({ uris: ['app.example.com'], port: 1 });
    await bus.register({ uris: ['other.example.com'], port: 1 });
    await router.knowsRoutes(2);
    const after = await router.status('/workers');
    // One new route: its pool and its endpoint.
    expect(after.map(({ sequence }) => sequence)).to.deep.equal(before.map(({ sequence }) => sequence + 2));
    expect(new Set(after.map(({ checksum }) => checksum)).size).to.equal(1);
  });
});

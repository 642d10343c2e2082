import { expect } from 'chai';
import type { Announcement } from '../support/bus-client.ts';
import { closingAfterAll, closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';

const REQUESTS = 300;

describe('a router that lets endpoints start slowly', () => {
  const closing = closingAfterAll();
  const closingEach = closingAfterEach();
  let natsPort: number;
  let router: RouterProcess;
  let emitter: RouteEmitter;

  before(async () => {
    natsPort = (await NatsServer.start(closing)).port;
    router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${natsPort}}]}\nslow_start: 1h\n`,
    );
    emitter = await RouteEmitter.start(closing, natsPort, router);
  });

  async function join(host: string, options: unknown): Promise<HttpBackend> {
    const backend = await HttpBackend.start(closingEach, host);
    const message = { uris: [host], port: backend.port, private_instance_id: `${backend.port}`, options };
    emitter.register(message as unknown as Announcement);
    await emitter.settled();
    return backend;
  }

  for (const [name, options, slowly] of [
    ['the configuration', {}, true],
    ['its route, as text', { slow_start: '3600' }, true],
    ['its route, against the configuration', { slow_start: 0 }, false],
    ['the configuration, when its route says nonsense', { slow_start: 'soon' }, true],
  ] as const) {
    it(`gives a newcomer ${slowly ? 'some' : 'an even share'} of the requests, as told by ${name}`, async () => {
      const host = `${name.replaceAll(/\W/g, '-')}.test`;
      // There for longer, by its own word: whoever starts at once is like one that has started.
      await join(host, { slow_start: 0 });
      const fresh = await join(host, options);
      for (let i = 0; i < REQUESTS; i += 1) await get(router, host);
      // A tenth beside a whole is 27 of 300, with a deviation of 5.
      if (slowly) expect(fresh.requests).to.be.within(1, 80);
      else expect(fresh.requests).to.be.within(140, 160);
    });
  }

  it('takes those of a snapshot for old ones', async () => {
    const backends = [await join('old.test', {}), await join('old.test', {})];
    await router.stop();
    await router.start();
    for (let i = 0; i < REQUESTS; i += 1) await get(router, 'old.test');
    for (const { requests } of backends) expect(requests).to.be.within(140, 160);
  });
});

import { expect } from 'chai';
import type { Announcement } from '../support/bus-client.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';

describe('a router in a zone', () => {
  const closing = closingAfterEach();

  it('prefers endpoints of its own, notices when one moves, and does without', async () => {
    const nats = await NatsServer.start(closing);
    const router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}
balancing_algorithm: least-connection
balancing_algorithm_az_preference: locally-optimistic
zone: z1
`,
    );
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    const near = await HttpBackend.start(closing, 'near');
    const far = await HttpBackend.start(closing, 'far');
    const announce = async ({ port }: HttpBackend, zone: string): Promise<void> => {
      const message = { uris: ['zoned.test'], port, availability_zone: zone };
      emitter.register(message as unknown as Announcement);
      await emitter.settled();
    };
    const served = async (): Promise<string[]> => {
      const bodies = new Set<string>();
      for (let i = 0; i < 12; i += 1) bodies.add((await get(router, 'zoned.test')).body);
      return [...bodies].sort();
    };
    await announce(far, 'z2');
    await announce(near, 'z1');
    expect(await served()).to.deep.equal(['near']);
    // Only the zone of the message differs.
    await announce(near, 'z2');
    expect(await served()).to.deep.equal(['far', 'near']);
    await announce(far, 'z1');
    expect(await served()).to.deep.equal(['far']);
  });
});

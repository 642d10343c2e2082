import { expect } from 'chai';
import { deadPort, describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const LOCAL = { zonePreference: 'locally-optimistic', zone: 'z1' } as const;

describeLane('availability zones', (stage) => {
  for (const algorithm of ['round-robin', 'least-connection'] as const) {
    describe(`with ${algorithm}`, () => {
      it('the local one serves while it can', async () => {
        const lane = await stage.start({ settings: LOCAL });
        const near = await stage.backend(answering(ok('near')));
        const far = await stage.backend(answering(ok('far')));
        route(
          lane,
          'app.test',
          [
            { port: far.port, availabilityZone: 'z2' },
            { port: near.port, availabilityZone: 'z1' },
            { port: far.port, host: '127.0.0.2', availabilityZone: '' },
          ],
          { algorithm },
        );
        const client = await stage.client(lane);

        for (let i = 0; i < 6; i += 1) expect((await client.ask(GET)).body.toString()).to.equal('near');
      });

      it('another one serves what the local one failed, for that request', async () => {
        const lane = await stage.start({ settings: LOCAL });
        const far = await stage.backend(answering(ok('far')));
        route(
          lane,
          'app.test',
          [
            { port: await deadPort(), availabilityZone: 'z1' },
            { port: far.port, availabilityZone: 'z2' },
          ],
          { algorithm },
        );
        const client = await stage.client(lane);

        expect((await client.ask(GET)).body.toString()).to.equal('far');
        expect((await recordOf(lane)).attempts?.failedAttempts).to.equal(1);
      });

      it('any serves where there is no local one', async () => {
        const lane = await stage.start({ settings: LOCAL });
        const far = await stage.backend(answering(ok('far')));
        route(lane, 'app.test', [{ port: far.port, availabilityZone: 'z2' }], { algorithm });
        const client = await stage.client(lane);

        expect((await client.ask(GET)).body.toString()).to.equal('far');
      });

      it('an unnamed one is the local one of a router without a name for its own', async () => {
        const lane = await stage.start({ settings: { ...LOCAL, zone: '' } });
        const near = await stage.backend(answering(ok('near')));
        const far = await stage.backend(answering(ok('far')));
        route(lane, 'app.test', [{ port: far.port, availabilityZone: 'z1' }, { port: near.port }], {
          algorithm,
        });
        const client = await stage.client(lane);

        for (let i = 0; i < 4; i += 1) expect((await client.ask(GET)).body.toString()).to.equal('near');
      });
    });
  }

  it('do not matter without the preference', async () => {
    const lane = await stage.start({ settings: { zone: 'z1' } });
    const near = await stage.backend(answering(ok('near')));
    const far = await stage.backend(answering(ok('far')));
    route(lane, 'app.test', [
      { port: near.port, availabilityZone: 'z1' },
      { port: far.port, availabilityZone: 'z2' },
    ]);
    const client = await stage.client(lane);

    const served = [];
    for (let i = 0; i < 4; i += 1) served.push((await client.ask(GET)).body.toString());
    expect(served.sort()).to.deep.equal(['far', 'far', 'near', 'near']);
  });
});

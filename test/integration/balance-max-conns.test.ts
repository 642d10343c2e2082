import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { HoldingBackend } from '../support/holding-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';
import { connectionsToEachWorker } from '../support/worker-connections.ts';

describe('backends.max_conns', () => {
  const closing = closingAfterEach();

  async function start(maxConns: number) {
    const nats = await NatsServer.start(closing);
    const hosts = `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`;
    const router = await RouterProcess.start(closing, `${hosts}\nbackends: {max_conns: ${maxConns}}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router);
    return { router, emitter };
  }

  it('is shared out over the workers: 503 at the sum of their shares, and 200 below it', async () => {
    const { router, emitter } = await start(3);
    const backend = await HoldingBackend.start(closing, 'held');
    emitter.register({ uris: ['full.test'], port: backend.port });
    await emitter.settled();
    const workers = await connectionsToEachWorker(closing, router, 3);
    const held: Promise<unknown>[] = [];
    const shares: number[] = [];
    for (const connections of workers) {
      let share = 0;
      for (const connection of connections) {
        const before = backend.held;
        const asked = connection.get('full.test', '/hold');
        const refused = await Promise.race([
          asked.then(({ status }) => status === 503),
          until(() => backend.held > before, 'the held request').then(() => false),
        ]);
        if (refused) {
          expect(await asked).to.deep.include({
            status: 503,
            body: "503 Service Unavailable: Requested route ('full.test') has reached the connection limit.\n",
          });
          expect((await asked).headers['x-cf-routererror']).to.equal('Connection Limit Reached');
        } else {
          held.push(asked);
          share += 1;
        }
      }
      shares.push(share);
    }
    // Uneven, so that it is the sum and not a rounded share that holds.
    expect(shares.sort()).to.deep.equal([1, 2]);
    expect(backend.held).to.equal(3);
    backend.release();
    await Promise.all(held);
    for (const [connection] of workers) expect((await connection?.get('full.test'))?.body).to.equal('held');
  });

  it('spills over to an endpoint with room', async () => {
    const { router, emitter } = await start(2);
    const one = await HoldingBackend.start(closing, 'one');
    const two = await HoldingBackend.start(closing, 'two');
    for (const { port } of [one, two]) emitter.register({ uris: ['spill.test'], port });
    await emitter.settled();
    const [[holding, asking] = []] = await connectionsToEachWorker(closing, router, 2);
    const held = holding?.get('spill.test', '/hold');
    await until(() => one.held + two.held === 1, 'the held request');
    const [full, free] = one.held === 1 ? [one, two] : [two, one];
    for (let i = 0; i < 5; i += 1) expect((await asking?.get('spill.test'))?.body).to.equal(free.name);
    full.release();
    expect((await held)?.body).to.equal(full.name);
  });
});

import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { seededRandom } from '../support/random.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const URIS = 40;
const ENDPOINTS = 12;

describe('/workers, while the table changes', () => {
  const closing = closingAfterEach();

  async function start(config = '') {
    const nats = await NatsServer.start(closing);
    const hosts = `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`;
    const router = await RouterProcess.start(closing, `${hosts}\n${config}`);
    const emitter = await RouteEmitter.start(closing, nats.port, router, config.includes('count: 3') ? 3 : 2);
    return { nats, router, emitter };
  }

  async function expectEqualTables(router: RouterProcess, count: number): Promise<void> {
    const { epoch, sequence, checksum } = (await router.status('/varz')) as Record<string, unknown>;
    const workers = await router.status('/workers');
    expect(workers).to.have.lengthOf(count);
    for (const worker of workers) {
      expect(worker).to.include({
        state: 'listening',
        epoch,
        sequence,
        acked_sequence: sequence,
        lag_changes: 0,
        lag_ms: 0,
        resyncs: 0,
        checksum,
      });
    }
  }

  it('ends with equal tables after 2,000 changes at random, a worker having been killed in between', async () => {
    const { router, emitter } = await start('workers: {count: 3}');
    const random = seededRandom(20_261_122);
    const upTo = (n: number): number => Math.floor(random() * n);
    const model = new Map<string, Map<number, string>>();
    const victims = await router.status('/workers');
    for (let change = 0; change < 2_000; change += 1) {
      const uri = `app-${upTo(URIS)}.test${upTo(2) === 0 ? '' : '/path'}`;
      const port = 1 + upTo(ENDPOINTS);
      const endpoints = model.get(uri) ?? new Map<number, string>();
      if (upTo(3) > 0) {
        const id = `id-${upTo(4)}`;
        const algorithm = upTo(5) === 0 ? { options: { loadbalancing: 'least-connection' } } : {};
        emitter.register({ uris: [uri], port, private_instance_id: id, ...algorithm });
        endpoints.set(port, id);
        model.set(uri, endpoints);
      } else {
        emitter.unregister({ uris: [uri], port });
        endpoints.delete(port);
        if (endpoints.size === 0) model.delete(uri);
      }
      // In the middle of it all; and each in a turn of its own, or few batches would hold everything.
      if (change === 700) process.kill(victims[0]!.pid, 'SIGKILL');
      if (change === 1_200) process.kill(victims[1]!.pid, 'SIGKILL');
      if (change % 10 === 0) await emitter.connection.flush();
    }
    await emitter.settled();
    await expectEqualTables(router, 3);
    const pids = (await router.status('/workers')).map(({ pid }) => pid);
    expect(pids).to.include(victims[2]!.pid);
    expect(pids).to.not.include(victims[0]!.pid);
    const routes = Object.entries(await router.status('/routes')).map(([uri, endpoints]) => [
      uri,
      endpoints.map(({ address, private_instance_id: id }) => `${address} ${id}`).sort(),
    ]);
    const expected = [...model].map(([uri, endpoints]) => [
      uri,
      [...endpoints].map(([port, id]) => `127.0.0.1:${port} ${id}`).sort(),
    ]);
    expect(Object.fromEntries(routes)).to.deep.equal(Object.fromEntries(expected));
    await until(async () => {
      const figures = await router.status('/workers');
      return figures.every((worker) => worker.routes === expected.length);
    }, 'the figures of the workers');
  });

  it('shows a worker that was stopped as lagging, and as level when it goes on', async () => {
    const { router, emitter } = await start();
    const stopped = (await router.status('/workers'))[0]!;
    process.kill(stopped.pid, 'SIGSTOP');
    closing(() => {
      try {
        process.kill(stopped.pid, 'SIGCONT');
      } catch {
        // The router is gone, and it with it.
      }
    });
    for (let i = 0; i < 50; i += 1) emitter.register({ uris: [`app-${i}.test`], port: 1 });
    await emitter.connection.flush();
    const lagging = await until(async () => {
      const [first, second] = (await router.status('/workers')) as unknown as { [name: string]: number }[];
      return second?.lag_changes === 0 && (first?.lag_ms ?? 0) > 300 ? first : undefined;
    }, 'the lag of the one and not of the other');
    expect(lagging.lag_changes).to.equal(100);
    process.kill(stopped.pid, 'SIGCONT');
    await emitter.settled();
    await expectEqualTables(router, 2);
  });

  it('has a new epoch after a restart, and sequences that begin anew', async () => {
    const { router, emitter } = await start();
    emitter.register({ uris: ['app.test'], port: 1 });
    await emitter.settled();
    const before = (await router.status('/workers'))[0]!;
    await router.stop();
    await router.start();
    await router.knowsRoutes(1);
    const after = await router.status('/workers');
    expect(new Set(after.map(({ epoch }) => epoch)).size).to.equal(1);
    expect(after[0]?.epoch).to.not.equal(before.epoch);
    expect(after[0]?.checksum).to.equal(before.checksum);
    await expectEqualTables(router, 2);
  });

  it('calls workers level when each of them answers for the new route', async () => {
    const { router, emitter } = await start();
    const { port } = await HttpBackend.start(closing, 'good');
    for (let i = 0; i < 20; i += 1) {
      emitter.register({ uris: [`new-${i}.test`], port });
      await emitter.settled();
      for (let j = 0; j < 4; j += 1) expect((await get(router, `new-${i}.test`)).status).to.equal(200);
    }
    await expectEqualTables(router, 2);
  });

  it('lets nobody listen before its table is whole', async () => {
    const { router, emitter } = await start();
    const { port } = await HttpBackend.start(closing, 'good');
    for (let i = 0; i < 20_000; i += 1) emitter.register({ uris: [`app-${i}.test`], port });
    await emitter.settled();
    let asking = true;
    const failed: string[] = [];
    const traffic = (async () => {
      while (asking) {
        // A connection to a worker that was killed may be cut; a 404 would be a worker without its table.
        const answer = await get(router, 'app-19999.test').catch(() => undefined);
        if (answer !== undefined && answer.status !== 200) failed.push(String(answer.status));
      }
    })();
    for (let round = 0; round < 2; round += 1) {
      const [{ pid } = { pid: 0 }] = await router.status('/workers');
      process.kill(pid, 'SIGKILL');
      await until(async () => {
        const workers = await router.status('/workers');
        return (
          workers.length === 2 && workers.every((each) => each.state === 'listening' && each.pid !== pid)
        );
      }, 'the new worker');
      for (let i = 0; i < 20; i += 1) {
        expect((await get(router, 'app-0.test')).status).to.equal(200);
      }
    }
    asking = false;
    await traffic;
    expect(failed).to.deep.equal([]);
    await expectEqualTables(router, 2);
  });
});

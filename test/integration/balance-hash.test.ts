import { expect } from 'chai';
import type { Announcement } from '../support/bus-client.ts';
import { closingAfterAll, closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import type { KeptConnection } from '../support/kept-connection.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { RouterProcess } from '../support/router-process.ts';
import { connectionsToEachWorker } from '../support/worker-connections.ts';

const HASH = { loadbalancing: 'hash', hash_header: 'X-Tenant' };

describe('a router of two workers with hashed routes', () => {
  const closing = closingAfterAll();
  const closingEach = closingAfterEach();
  let router: RouterProcess;
  let emitter: RouteEmitter;
  let connections: KeptConnection[];

  before(async () => {
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.start(closing, `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`);
    emitter = await RouteEmitter.start(closing, nats.port, router);
    connections = (await connectionsToEachWorker(closing, router, 1)).map(([connection]) => connection!);
  });

  /** Backends `inst-a`, `inst-b`, ..., each saying its letter, announced in that order. */
  async function instances(uri: string, names: string, options: unknown): Promise<Map<string, HttpBackend>> {
    const backends = new Map<string, HttpBackend>();
    for (const name of names) {
      const backend = await HttpBackend.start(closingEach, name);
      backends.set(name, backend);
      announce(uri, name, backend.port, options);
    }
    await emitter.settled();
    return backends;
  }

  function announce(uri: string, name: string, port: number, options: unknown): void {
    const message = { uris: [uri], port, private_instance_id: `inst-${name}`, options };
    emitter.register(message as unknown as Announcement);
  }

  async function served(host: string, tenant: string): Promise<(string | undefined)[]> {
    const answers = [];
    for (const connection of connections) {
      answers.push((await connection.get(host, '/', { 'x-tenant': tenant })).body);
    }
    return answers;
  }

  it("leads each value to its instance in every worker, as the contract's table has it", async () => {
    // In another order than the table sorts them.
    await instances('table.test', 'cab', { ...HASH, hash_balance: '1.2' });
    for (const [tenant, name] of [
      ['tenant-1', 'c'],
      ['tenant-3', 'a'],
      ['alice', 'a'],
      ['bob', 'b'],
    ] as const) {
      expect(await served('table.test', tenant), tenant).to.deep.equal([name, name]);
    }
  });

  it('moves only what an instance that goes had, and brings it back', async () => {
    const backends = await instances('moves.test', 'abc', HASH);
    const { port } = backends.get('c')!;
    emitter.unregister({ uris: ['moves.test'], port });
    await emitter.settled();
    const [one, other] = await served('moves.test', 'tenant-1');
    expect(one).to.equal(other).and.to.be.oneOf(['a', 'b']);
    expect(await served('moves.test', 'bob')).to.deep.equal(['b', 'b']);
    announce('moves.test', 'c', port, HASH);
    await emitter.settled();
    expect(await served('moves.test', 'tenant-1')).to.deep.equal(['c', 'c']);
  });

  for (const [balance, shown] of [
    ['1.25', 1.25],
    [1.25, 1.25],
    ['', 0],
    [null, 0],
    ['plenty', 0],
    [true, 0],
    [{}, 0],
    ['-1', 0],
  ] as const) {
    it(`keeps its endpoints whatever hash_balance is: ${JSON.stringify(balance)}`, async () => {
      const host = `balance-${JSON.stringify(balance).replaceAll(/[^\w]/g, '')}-${typeof balance}.test`;
      await instances(host, 'abc', { ...HASH, hash_balance: balance });
      expect(await served(host, 'alice')).to.deep.equal(['a', 'a']);
      const { [host]: endpoints } = await router.status('/routes');
      expect(endpoints).to.have.length(3);
      expect(endpoints?.[0]).to.include({
        load_balancing_algorithm: 'hash',
        hash_header: 'X-Tenant',
        hash_balance: shown,
      });
    });
  }

  it('serves a route that names no header, and says what is missing', async () => {
    await instances('headless.test', 'a', { loadbalancing: 'hash' });
    expect(await served('headless.test', 'alice')).to.deep.equal(['a', 'a']);
    const line = await router.said('hash-routing-properties-missing');
    expect([line.log_level, line.data]).to.deep.equal([3, { host: 'headless.test' }]);
  });

  it('says which option it left out, why, and what acts instead', async () => {
    await instances('said.test', 'a', { ...HASH, hash_header: 7 });
    const line = await router.said('route-option-ignored', ({ data }) => data.option === 'hash_header');
    expect([line.log_level, line.data]).to.deep.equal([
      3,
      {
        option: 'hash_header',
        reason: 'must be text, not a number',
        value: 7,
        used: 'the router-wide setting',
        uris: ['said.test'],
      },
    ]);
  });

  it('goes back to its own algorithm when the option is gone', async () => {
    const backends = await instances('undone.test', 'ab', HASH);
    for (const [name, { port }] of backends) announce('undone.test', name, port, {});
    await emitter.settled();
    for (const connection of connections) {
      const answers = new Set<string | undefined>();
      for (let i = 0; i < 4; i += 1) {
        answers.add((await connection.get('undone.test', '/', { 'x-tenant': 'alice' })).body);
      }
      expect([...answers].sort()).to.deep.equal(['a', 'b']);
    }
    const { 'undone.test': endpoints } = await router.status('/routes');
    expect(endpoints?.[0]).to.include({ load_balancing_algorithm: 'round-robin' });
    expect(endpoints?.[0]).to.not.have.any.keys('hash_header', 'hash_balance');
  });

  it('leads each value to the same instance after a restart from the snapshot', async () => {
    await instances('again.test', 'abc', { ...HASH, hash_balance: '2' });
    await router.stop();
    await router.start();
    const [fresh] = (await connectionsToEachWorker(closingEach, router, 1)).map(([each]) => each!);
    const answer = await fresh!.get('again.test', '/', { 'x-tenant': 'tenant-1' });
    expect(answer.body).to.equal('c');
    const { 'again.test': endpoints } = await router.status('/routes');
    expect(endpoints?.[0]).to.include({ hash_balance: 2, restored: true });
  });
});

import { expect } from 'chai';
import { hashTableOf } from '../../../lib/balance/hash-table.ts';
import { Broadcaster } from '../../../lib/ipc/broadcaster.ts';
import type { ToPrimary, ToWorker } from '../../../lib/ipc/messages.ts';
import { Replica } from '../../../lib/ipc/replica.ts';
import { Registry } from '../../../lib/primary/registry.ts';
import { tableSource } from '../../../lib/primary/table-source.ts';
import { type EndpointOptions, NO_OPTIONS } from '../../../lib/routes/endpoint.ts';
import type { RouteTable } from '../../../lib/routes/route-table.ts';
import { aRegistration } from '../../support/endpoint-fixture.ts';
import { seededRandom } from '../../support/random.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

/** A registry, a broadcaster and workers joined by links whose every message waits for the test to deliver it. */
class Cluster {
  readonly registry: Registry;
  readonly broadcaster: Broadcaster;
  readonly workers: FakeWorker[] = [];
  nowMs = 1_000_000;
  #turns: (() => void)[] = [];
  #nextId = 1;

  constructor(options: { logLimit?: number; window?: number } = {}) {
    const logger = recordingLogger();
    this.registry = new Registry({
      options: {
        defaultAlgorithm: 'round-robin',
        markMs: 30_000,
        sharding: { mode: 'all', segments: new Set() },
        keepEmptyPools: false,
        emptyPoolTimeoutMs: 0,
      },
      logger,
      onChange: (change, checksum) => this.broadcaster.publish(change, checksum),
      onStoredChange: () => {},
    });
    this.broadcaster = new Broadcaster({
      epoch: 'e1',
      source: tableSource(this.registry, () => this.nowMs),
      logger,
      now: () => this.nowMs,
      endOfTurn: (run) => this.#turns.push(run),
      ...options,
    });
  }

  addWorker(): FakeWorker {
    const worker = new FakeWorker(this.#nextId++, this.broadcaster);
    this.workers.push(worker);
    this.broadcaster.add(worker.id, (message) => worker.inbox.push(message));
    return worker;
  }

  killWorker(worker: FakeWorker): void {
    this.workers.splice(this.workers.indexOf(worker), 1);
    this.broadcaster.remove(worker.id);
  }

  endTurn(): void {
    const turns = this.#turns;
    this.#turns = [];
    for (const run of turns) run();
  }

  /** Delivers everything, with beats in between, until nothing moves any more. */
  settle(): void {
    for (let round = 0; round < 2000; round += 1) {
      this.endTurn();
      let moved = false;
      for (const worker of this.workers) if (worker.deliverAll()) moved = true;
      if (!moved && this.#turns.length === 0) {
        this.broadcaster.beat();
        if (this.workers.every((worker) => worker.inbox.length === 0)) return;
      }
    }
    throw new Error('replication does not come to rest');
  }
}

class FakeWorker {
  readonly id: number;
  readonly inbox: ToWorker[] = [];
  readonly outbox: ToPrimary[] = [];
  readonly replica: Replica;
  table: RouteTable | undefined;
  readonly marks: string[] = [];
  readonly #broadcaster: Broadcaster;

  constructor(id: number, broadcaster: Broadcaster) {
    this.id = id;
    this.#broadcaster = broadcaster;
    this.replica = new Replica({
      send: (message) => this.outbox.push(message),
      onTable: (table) => {
        this.table = table;
      },
      onChange: () => {},
      onMark: (key, address) => this.marks.push(`${key} ${address}`),
    });
  }

  deliverOne(): boolean {
    const message = this.inbox.shift();
    if (message !== undefined) this.replica.receive(structuredClone(message));
    return message !== undefined;
  }

  deliverAll(): boolean {
    let moved = false;
    while (this.deliverOne()) moved = true;
    if (this.reply()) moved = true;
    return moved;
  }

  reply(): boolean {
    const sent = this.outbox.splice(0);
    for (const message of sent) {
      if (message.type === 'ack') this.#broadcaster.acknowledge(this.id, message);
      if (message.type === 'resync') this.#broadcaster.resync(this.id, message.reason);
    }
    return sent.length > 0;
  }
}

/** The table as plain data: order inside a pool aside, which replays may alter. */
function truth(registry: Registry): unknown {
  return [...registry.pools()]
    .map((pool) => ({
      key: pool.key,
      settings: pool.settings,
      endpoints: pool.records.map((record) => record.endpoint).sort(byAddress),
    }))
    .sort(byKey);
}

function copy(table: RouteTable | undefined): unknown {
  return [...(table?.pools() ?? [])]
    .map((pool) => ({
      key: pool.key,
      settings: pool.settings,
      endpoints: [...pool.endpoints].sort(byAddress),
    }))
    .sort(byKey);
}

const byKey = (a: { key: string }, b: { key: string }): number => (a.key < b.key ? -1 : 1);
const byAddress = (a: { address: string }, b: { address: string }): number =>
  a.address < b.address ? -1 : 1;

function expectEqualTables(cluster: Cluster): void {
  const wanted = truth(cluster.registry);
  for (const worker of cluster.workers) {
    expect(copy(worker.table)).to.deep.equal(wanted);
    expect(worker.replica.checksum).to.equal(cluster.registry.checksum);
    const view = cluster.broadcaster.view(worker.id);
    expect(view?.complete).to.equal(true);
    expect(view?.ackedSeq).to.equal(cluster.broadcaster.seq);
    expect(view?.lagChanges).to.equal(0);
  }
}

function register(cluster: Cluster, count: number): void {
  for (let i = 0; i < count; i += 1) {
    cluster.registry.register(aRegistration([`app-${i}.example.com`], { port: 1000 + i }), cluster.nowMs);
  }
}

describe('replication from the registry to the workers', () => {
  it('gives a new worker the whole table, in chunks, before it is complete', () => {
    const cluster = new Cluster();
    register(cluster, 1000);
    const worker = cluster.addWorker();
    worker.deliverAll();
    expect(worker.replica.complete).to.equal(false);
    cluster.settle();
    expect(worker.table?.size).to.equal(1000);
    expectEqualTables(cluster);
  });

  it('gives an empty table too', () => {
    const cluster = new Cluster();
    const worker = cluster.addWorker();
    cluster.settle();
    expect(worker.replica.complete).to.equal(true);
    expectEqualTables(cluster);
  });

  it('sends the changes of one turn as one message', () => {
    const cluster = new Cluster();
    const worker = cluster.addWorker();
    cluster.settle();
    register(cluster, 20);
    cluster.endTurn();
    expect(worker.inbox.map((message) => message.type)).to.deep.equal(['delta']);
    cluster.settle();
    expectEqualTables(cluster);
  });

  it('carries the options of endpoints and what their pools make of them, 0 apart from nothing', () => {
    const cluster = new Cluster();
    const worker = cluster.addWorker();
    const hash = { loadbalancing: 'hash', hashHeader: 'X-Tenant', hashBalance: 1.25 };
    const options: Partial<EndpointOptions>[] = [
      { ...hash, slowStart: 30 },
      { ...hash, slowStart: 0 },
      hash,
      { slowStart: 0 },
      { loadbalancing: 'hush' },
      {},
    ];
    for (const [i, option] of options.entries()) {
      const endpoint = { port: i, options: { ...NO_OPTIONS, ...option } };
      cluster.registry.register(aRegistration([`app-${i}.example.com`, 'all.example.com'], endpoint), 1);
    }
    cluster.settle();
    cluster.addWorker();
    cluster.settle();
    expectEqualTables(cluster);
    expect(worker.table?.get('app-0.example.com')?.settings).to.include({
      algorithm: 'hash',
      hashHeader: 'X-Tenant',
    });
    expect(worker.table?.get('app-2.example.com')?.endpoints[0]?.options.slowStart).to.equal(undefined);
  });

  it('gives hashed routes the same table of slots in every worker, however their members came and went', () => {
    const random = seededRandom(23);
    const cluster = new Cluster({ logLimit: 40 });
    cluster.addWorker();
    const options = { ...NO_OPTIONS, loadbalancing: 'hash', hashHeader: 'X' };
    for (let step = 0; step < 400; step += 1) {
      const port = Math.floor(random() * 12);
      const instanceId = `instance-${port}-${Math.floor(random() * 2)}`;
      const message = aRegistration(['h.example.com'], { port, instanceId, options });
      if (random() < 0.7) cluster.registry.register(message, step);
      else cluster.registry.unregister(message, step);
      if (random() < 0.2) cluster.endTurn();
      if (random() < 0.1) for (const worker of cluster.workers) worker.deliverOne();
      if (random() < 0.02) cluster.addWorker();
    }
    cluster.registry.register(aRegistration(['h.example.com'], { port: 99, options }), 400);
    cluster.settle();
    expectEqualTables(cluster);
    const tables = cluster.workers.map(({ table }) => {
      const { slots, owners } = hashTableOf(table!.get('h.example.com')!);
      return [...slots].map((member) => owners[member]!.map(({ address }) => address).join());
    });
    expect(tables.length).to.be.greaterThan(3);
    for (const table of tables) expect(table).to.deep.equal(tables[0]);
  });

  it('sends nothing for registrations that say nothing new', () => {
    const cluster = new Cluster();
    register(cluster, 20);
    const worker = cluster.addWorker();
    cluster.settle();
    const seq = cluster.broadcaster.seq;
    for (let i = 0; i < 5; i += 1) register(cluster, 20);
    cluster.endTurn();
    cluster.broadcaster.beat();
    expect(worker.inbox).to.deep.equal([]);
    expect(cluster.broadcaster.seq).to.equal(seq);
  });

  it('bounds what is on the way to a worker that does not answer, and gives it the whole table later', () => {
    const cluster = new Cluster({ logLimit: 100_000, window: 50_000 });
    const slow = cluster.addWorker();
    const quick = cluster.addWorker();
    cluster.settle();
    for (let i = 0; i < 5000; i += 1) {
      cluster.registry.register(aRegistration([`app-${i}.example.com`], { port: 1000 + i }), cluster.nowMs);
      if (i % 50 === 0) {
        cluster.endTurn();
        quick.deliverAll();
      }
    }
    const onTheWay = slow.inbox.reduce((sum, message) => sum + JSON.stringify(message).length, 0);
    expect(onTheWay).to.be.lessThan(150_000);
    cluster.settle();
    expectEqualTables(cluster);
    expect(cluster.broadcaster.view(slow.id)?.resyncs).to.be.greaterThan(0);
    expect(cluster.broadcaster.view(quick.id)?.resyncs).to.equal(0);
  });

  it('notices that the last message was lost', () => {
    const cluster = new Cluster();
    const worker = cluster.addWorker();
    cluster.settle();
    register(cluster, 1);
    cluster.endTurn();
    worker.inbox.length = 0;
    cluster.settle();
    expectEqualTables(cluster);
  });

  it('asks for the whole table when a change in the middle was lost, even one that no checksum shows', () => {
    const cluster = new Cluster();
    register(cluster, 2);
    const worker = cluster.addWorker();
    cluster.settle();
    cluster.registry.endpointFailed('app-0.example.com', '10.0.0.1:1000', 'mark', 'refused', cluster.nowMs);
    cluster.endTurn();
    worker.inbox.length = 0;
    cluster.registry.endpointFailed('app-1.example.com', '10.0.0.1:1001', 'mark', 'refused', cluster.nowMs);
    cluster.endTurn();
    worker.deliverOne();
    expect(worker.outbox).to.deep.equal([{ type: 'resync', reason: 'change 6 came after 4' }]);
    cluster.settle();
    expect(worker.marks).to.include.members([
      'app-0.example.com 10.0.0.1:1000',
      'app-1.example.com 10.0.0.1:1001',
    ]);
  });

  it('keeps the table in use while another is being received', () => {
    const cluster = new Cluster();
    register(cluster, 500);
    const worker = cluster.addWorker();
    cluster.settle();
    const inUse = worker.table;
    cluster.broadcaster.resync(worker.id, 'test');
    cluster.endTurn();
    worker.deliverOne();
    worker.deliverOne();
    expect(worker.table).to.equal(inUse);
    expect(worker.replica.complete).to.equal(true);
    cluster.settle();
    expectEqualTables(cluster);
  });

  it('asks for the whole table when a message cannot be read', () => {
    const cluster = new Cluster();
    const worker = cluster.addWorker();
    cluster.settle();
    register(cluster, 3);
    cluster.endTurn();
    worker.inbox[0] = { ...worker.inbox[0], changes: '[["u"' } as ToWorker;
    cluster.settle();
    expectEqualTables(cluster);
    expect(cluster.broadcaster.view(worker.id)?.resyncs).to.equal(1);
  });

  it('asks for the whole table when its copy differs in one field', () => {
    const cluster = new Cluster();
    const worker = cluster.addWorker();
    cluster.settle();
    register(cluster, 3);
    cluster.endTurn();
    const delta = worker.inbox[0] as Extract<ToWorker, { type: 'delta' }>;
    worker.inbox[0] = { ...delta, changes: delta.changes.replace('instance-1001', 'instance-1991') };
    cluster.settle();
    expectEqualTables(cluster);
    expect(cluster.broadcaster.view(worker.id)?.resyncs).to.equal(1);
  });

  it('ends in equal tables whatever is lost, doubled or restarted (300 seeded histories)', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      try {
        history(seed);
      } catch (error) {
        throw new Error(`history ${seed} failed`, { cause: error });
      }
    }
  });
});

/** 400 random steps of changes, deliveries, faults and worker restarts, then rest. A third of them without faults. */
function history(seed: number): void {
  const random = seededRandom(seed);
  const upTo = (n: number): number => Math.floor(random() * n);
  const cluster = new Cluster({ logLimit: 2_000 + upTo(60_000), window: 2_000 + upTo(60_000) });
  const faulty = seed % 3 !== 0;
  for (let step = 0; step < 400; step += 1) {
    cluster.nowMs += upTo(2_000);
    const uris = [`h${upTo(40)}.example.com${random() < 0.3 ? `/p${upTo(3)}` : ''}`];
    if (random() < 0.2) uris.push(`*.h${upTo(5)}.example.com`);
    const message = aRegistration(uris, {
      port: 1 + upTo(6),
      tls: random() < 0.2,
      routeServiceUrl: random() < 0.05 ? 'https://rs.example.com' : '',
      tags: random() < 0.3 ? { component: `c${upTo(3)}` } : null,
      staleThresholdMs: 60_000,
    });
    const dice = random();
    if (dice < 0.45) cluster.registry.register(message, cluster.nowMs);
    else if (dice < 0.6) cluster.registry.unregister(message, cluster.nowMs);
    else if (dice < 0.63) cluster.registry.prune(cluster.nowMs);
    else if (dice < 0.68) {
      const verdict = random() < 0.5 ? 'mark' : 'prune';
      cluster.registry.endpointFailed(uris[0]!, message.endpoint.address, verdict, 'refused', cluster.nowMs);
    } else if (dice < 0.7 && cluster.workers.length < 3) cluster.addWorker();
    else if (dice < 0.71 && cluster.workers.length > 0)
      cluster.killWorker(cluster.workers[upTo(cluster.workers.length)]!);
    else if (dice < 0.73) cluster.broadcaster.beat();
    else if (dice < 0.85) cluster.endTurn();
    for (const worker of cluster.workers) {
      while (random() < 0.6 && worker.inbox.length > 0) {
        const fault = faulty ? random() : 1;
        if (fault < 0.03) worker.inbox.shift();
        else if (fault < 0.06) worker.inbox.splice(1, 0, worker.inbox[0]!);
        worker.deliverOne();
      }
      if (random() < 0.7) worker.reply();
      if (faulty && random() < 0.02) worker.outbox.length = 0;
    }
  }
  if (cluster.workers.length === 0) cluster.addWorker();
  cluster.settle();
  expectEqualTables(cluster);
}

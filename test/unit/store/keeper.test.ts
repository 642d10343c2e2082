import { expect } from 'chai';
import { RouterError } from '../../../lib/errors.ts';
import { SnapshotKeeper, type SnapshotSource } from '../../../lib/store/keeper.ts';
import type { SnapshotBatch, SnapshotStore, StoredRoute } from '../../../lib/store/store.ts';
import { recordingLogger } from '../../support/recording-logger.ts';
import { storedRoute } from '../../support/stored-routes.ts';
import { until } from '../../support/until.ts';

const EVERY_MS = 500;
const START_MS = 1_760_000_000_000;

/** A table to change at will. */
class Table implements SnapshotSource {
  readonly routes = new Map<string, StoredRoute>();
  #cursor = 0;

  put(key: string, appId = ''): void {
    this.routes.set(key, storedRoute(key, { appId }));
  }

  find(key: string): StoredRoute | undefined {
    return this.routes.get(key);
  }

  size(): number {
    return this.routes.size;
  }

  *sweep(count: number): Iterable<StoredRoute> {
    for (let i = 0; i < count && this.routes.size > 0; i += 1) {
      this.#cursor %= this.routes.size;
      yield [...this.routes.values()][this.#cursor] as StoredRoute;
      this.#cursor += 1;
    }
  }
}

/** A store that does what it is told to, and keeps a list of what it was asked. */
class ScriptedStore implements SnapshotStore {
  readonly kind = 'embedded';
  readonly content = new Map<string, StoredRoute>();
  readonly batches: SnapshotBatch[] = [];
  readonly calls: string[] = [];
  /** Thrown by the next calls, in turn. */
  failures: Error[] = [];
  /** Awaited by every write. */
  gate: Promise<void> = Promise.resolve();
  writing = 0;
  mostAtOnce = 0;

  async open(): Promise<void> {
    this.#call('open');
  }

  async load(): Promise<undefined> {
    return undefined;
  }

  async write(batch: SnapshotBatch): Promise<void> {
    this.writing += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.writing);
    try {
      await this.gate;
      this.#call('write');
      this.batches.push(batch);
      for (const gone of batch.remove) this.content.delete(gone.key);
      for (const route of batch.put) this.content.set(route.key, route);
    } finally {
      this.writing -= 1;
    }
  }

  async clear(): Promise<void> {
    this.#call('clear');
    this.content.clear();
  }

  async close(): Promise<void> {}

  #call(name: string): void {
    this.calls.push(name);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }
}

interface Pause {
  readonly ms: number;
  end(): void;
}

function bench(kind?: 'none') {
  const table = new Table();
  const store = new ScriptedStore();
  if (kind !== undefined) Object.defineProperty(store, 'kind', { value: kind });
  const log = recordingLogger();
  const clock = { ms: START_MS };
  const pauses: Pause[] = [];
  const pause = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
      const paused = { ms, end: resolve };
      pauses.push(paused);
      for (const wake of waiting.splice(0)) wake(paused);
    });
  const waiting: ((pause: Pause) => void)[] = [];
  const nextPause = (): Promise<Pause> => new Promise((resolve) => waiting.push(resolve));
  const keeper = new SnapshotKeeper({
    store,
    source: table,
    everyMs: EVERY_MS,
    pause,
    log,
    now: () => clock.ms,
  });

  /** Lets the current pause pass, and resolves when the keeper is in the next one; returns how long that is. */
  async function tick(): Promise<number> {
    const current = pauses.at(-1) ?? (await nextPause());
    const next = nextPause();
    clock.ms += current.ms;
    current.end();
    return (await next).ms;
  }

  /** Changes the table as the registry does. */
  function put(key: string, appId?: string): void {
    table.put(key, appId);
    keeper.changed(key, '10.0.0.1:8080');
  }
  function remove(key: string): void {
    table.routes.delete(key);
    keeper.changed(key, '10.0.0.1:8080');
  }
  return { table, store, log, clock, pauses, keeper, tick, put, remove };
}

const down = (): RouterError => new RouterError('STORE_UNAVAILABLE', 'the store is away');
const lost = (): RouterError => new RouterError('STORE_DAMAGED', 'the store has lost all');

describe('SnapshotKeeper', () => {
  it('writes what changed, and each entry once, as it is by then', async () => {
    const { store, keeper, tick, put, remove } = bench();
    keeper.start('continue');
    put('a', 'first');
    put('b');
    put('a', 'second');
    put('c');
    remove('c');
    await tick();
    expect(store.batches).to.have.length(1);
    expect(store.batches[0]?.put.map((r) => [r.key, r.endpoint.appId])).to.deep.equal([
      ['a', 'second'],
      ['b', ''],
    ]);
    expect(store.batches[0]?.remove).to.deep.equal([{ key: 'c', address: '10.0.0.1:8080' }]);
    expect(store.batches[0]?.savedAtMs).to.equal(START_MS + EVERY_MS);
    expect(keeper.pending).to.equal(0);
    expect(keeper.savedAtMs).to.equal(START_MS + EVERY_MS);
    await keeper.stop();
  });

  it('keeps two endpoints of one route apart', async () => {
    const { table, store, keeper, tick } = bench();
    keeper.start('continue');
    table.put('a');
    keeper.changed('a', '10.0.0.1:8080');
    keeper.changed('a', '10.0.0.2:8080');
    await tick();
    expect(store.batches[0]?.put.length).to.equal(2);
    await keeper.stop();
  });

  it('writes nothing when nothing changed, but renews the date every 5 seconds', async () => {
    const { store, keeper, tick } = bench();
    keeper.start('continue');
    for (let i = 0; i < 31; i += 1) await tick();
    expect(store.batches.map((batch) => batch.savedAtMs - START_MS)).to.deep.equal([
      500, 5500, 10_500, 15_500,
    ]);
    expect(store.batches.every((batch) => batch.put.length + batch.remove.length === 0)).to.equal(true);
    await keeper.stop();
  });

  it('writes many changes in batches, and gives way between them', async () => {
    const { store, keeper, tick, put } = bench();
    keeper.start('continue');
    for (let i = 0; i < 3500; i += 1) put(`app-${i}`);
    let turns = 0;
    let busy = true;
    const count = (): void => {
      turns += 1;
      if (busy) setImmediate(count);
    };
    setImmediate(count);
    await tick();
    busy = false;
    expect(store.batches).to.have.length(4);
    expect(Math.max(...store.batches.map((batch) => batch.put.length))).to.equal(1000);
    expect(turns).to.be.at.least(4);
    expect(store.content.size).to.equal(3500);
    await keeper.stop();
  });

  it('never writes twice at a time, whoever asks', async () => {
    const { store, keeper, tick, put } = bench();
    keeper.start('continue');
    for (let i = 0; i < 2500; i += 1) put(`app-${i}`);
    const flushed = [keeper.flush(), keeper.flush()];
    put('one-more');
    await tick();
    await Promise.all([...flushed, keeper.stop()]);
    expect(store.mostAtOnce).to.equal(1);
    expect(store.content.size).to.equal(2501);
  });

  it('leaves what changes during a write for the next one', async () => {
    const { store, keeper, tick, put, table } = bench();
    let open = (): void => {};
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    keeper.start('continue');
    put('a', 'before');
    const ticked = tick();
    await until(() => store.writing === 1, 'the write');
    put('a', 'meanwhile');
    open();
    await ticked;
    expect(store.content.get('a')?.endpoint.appId).to.equal('before');
    await tick();
    expect(store.content.get('a')).to.equal(table.find('a'));
    await keeper.stop();
  });

  it('keeps what could not be written, and tries again with growing pauses, to a limit', async () => {
    const { store, log, keeper, tick, put, remove } = bench();
    keeper.start('continue');
    put('a', 'old');
    put('b');
    store.failures = Array.from({ length: 8 }, down);
    const pauses: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      pauses.push(await tick());
      if (i === 2) put('a', 'new');
      if (i === 3) remove('b');
    }
    expect(pauses).to.deep.equal([1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000]);
    expect(keeper.ill).to.equal(true);
    expect(keeper.pending).to.equal(2);
    expect(store.content.size).to.equal(0);

    expect(await tick()).to.equal(EVERY_MS);
    expect(keeper.ill).to.equal(false);
    expect([...store.content.values()].map((r) => r.endpoint.appId)).to.deep.equal(['new']);
    expect(store.batches[0]?.remove.map((gone) => gone.key)).to.deep.equal(['b']);
    expect(log.lines.map((line) => [line.level, line.message])).to.deep.equal([
      ['warn', 'snapshot-store-failing'],
      ['info', 'snapshot-store-recovered'],
    ]);
    expect(log.lines[0]?.data).to.include({ error: 'the store is away', pending: 2 });
    expect(log.lines[1]?.data).to.include({ failures: 8 });
    await keeper.stop();
  });

  it('opens the store again before another try, since the connection may be what is lost', async () => {
    const { store, keeper, tick, put } = bench();
    keeper.start('continue');
    put('a');
    store.failures = [down()];
    await tick();
    await tick();
    expect(store.calls).to.deep.equal(['write', 'open', 'write']);
    await keeper.stop();
  });

  it('is bounded by the table while the store is away, however often entries change', async () => {
    const { store, keeper, tick, put } = bench();
    keeper.start('continue');
    store.failures = Array.from({ length: 20 }, down);
    for (let round = 0; round < 20; round += 1) {
      for (let i = 0; i < 50; i += 1) put(`app-${i}`, String(round));
      await tick();
    }
    expect(keeper.pending).to.equal(50);
    await keeper.stop();
  });

  it('clears the store and writes the whole table when it starts over, dated only once it is whole', async () => {
    const { table, store, keeper, tick } = bench();
    store.content.set('stale', storedRoute('stale'));
    for (let i = 0; i < 2500; i += 1) table.put(`app-${i}`);
    keeper.start('start-over');
    await tick();
    expect(store.calls).to.deep.equal(['clear', 'write', 'write', 'write']);
    expect(store.batches.map((batch) => batch.savedAtMs)).to.deep.equal([0, 0, START_MS + EVERY_MS]);
    expect(new Set(store.content.keys())).to.deep.equal(new Set(table.routes.keys()));
    await keeper.stop();
  });

  it('loses no entry that comes while it writes the whole table', async () => {
    const { table, store, keeper, tick, put } = bench();
    for (let i = 0; i < 3000; i += 1) table.put(`app-${i}`);
    let writes = 0;
    store.write = async (batch) => {
      writes += 1;
      if (writes < 4) for (let i = 0; i < 500; i += 1) put(`late-${writes}-${i}`);
      for (const route of batch.put) store.content.set(route.key, route);
    };
    keeper.start('start-over');
    await tick();
    await tick();
    expect(store.content.size).to.equal(4500);
    await keeper.stop();
  });

  it('opens a store that could not be opened, and then starts over', async () => {
    const { table, store, keeper, tick } = bench();
    table.put('a');
    store.failures = [down(), down()];
    keeper.start('open');
    await tick();
    await tick();
    expect(store.calls).to.deep.equal(['open', 'open']);
    await tick();
    expect(store.calls).to.deep.equal(['open', 'open', 'open', 'clear', 'write']);
    expect([...store.content.keys()]).to.deep.equal(['a']);
    await keeper.stop();
  });

  it('starts over when the store has lost what it held', async () => {
    const { table, store, log, keeper, tick, put } = bench();
    table.put('restored');
    keeper.start('continue');
    put('a');
    store.failures = [lost()];
    await tick();
    await tick();
    expect(store.calls).to.deep.equal(['write', 'open', 'clear', 'write']);
    expect([...store.content.keys()].sort()).to.deep.equal(['a', 'restored']);
    expect(log.lines.map((line) => line.message)).to.deep.equal([
      'snapshot-store-failing',
      'snapshot-store-recovered',
    ]);
    await keeper.stop();
  });

  it('takes up where it was when writing the whole table fails half-way', async () => {
    const { table, store, keeper, tick } = bench();
    for (let i = 0; i < 2500; i += 1) table.put(`app-${i}`);
    // clear and the first batch succeed
    store.failures = [undefined, undefined, down()] as Error[];
    keeper.start('start-over');
    await tick();
    expect(store.content.size).to.equal(1000);
    expect(keeper.pending).to.equal(1500);
    await tick();
    expect(new Set(store.content.keys())).to.deep.equal(new Set(table.routes.keys()));
    expect(store.batches.at(-1)?.savedAtMs).to.be.above(0);
    expect(store.calls.filter((call) => call === 'clear')).to.have.length(1);
    await keeper.stop();
  });

  it('writes every unchanged entry once in 5 minutes, evenly, with its newest confirmation', async () => {
    const { table, store, keeper, tick } = bench();
    for (let i = 0; i < 1200; i += 1) table.put(`app-${i}`);
    keeper.start('continue');
    for (let i = 0; i < 600; i += 1) await tick();
    const sizes = store.batches.map((batch) => batch.put.length);
    expect(Math.max(...sizes)).to.be.at.most(3);
    expect(sizes.reduce((a, b) => a + b, 0)).to.be.within(1195, 1205);
    expect(store.content.size).to.be.within(1195, 1200);
    await keeper.stop();
  });

  it('does not make up for a walk that an absence or a set clock held up', async () => {
    const { table, store, clock, keeper, tick } = bench();
    for (let i = 0; i < 1200; i += 1) table.put(`app-${i}`);
    keeper.start('continue');
    clock.ms += 24 * 3_600_000;
    await tick();
    clock.ms -= 48 * 3_600_000;
    await tick();
    expect(store.batches.reduce((sum, batch) => sum + batch.put.length, 0)).to.be.below(10);
    await keeper.stop();
  });

  it('saves once more on stop, the changes of the last moment included, and dates the snapshot', async () => {
    const { store, clock, keeper, tick, put } = bench();
    keeper.start('continue');
    await tick();
    put('a');
    clock.ms += 7;
    await Promise.all([keeper.stop(), keeper.stop()]);
    await keeper.stop();
    expect([...store.content.keys()]).to.deep.equal(['a']);
    expect(store.batches.at(-1)?.savedAtMs).to.equal(clock.ms);
    expect(store.batches).to.have.length(2);
    put('b');
    expect(keeper.pending).to.equal(0);
  });

  it('stops while it waits for an ill store, with one more try', async () => {
    const { store, keeper, tick, put } = bench();
    keeper.start('continue');
    put('a');
    store.failures = [down(), down()];
    await tick();
    await keeper.stop();
    expect(store.calls).to.deep.equal(['write', 'open']);
  });

  it('stops in spite of a store that never answers, and says so', async () => {
    const { store, log, pauses, keeper, put } = bench();
    store.gate = new Promise(() => {});
    keeper.start('continue');
    put('a');
    await until(() => pauses.length === 1, 'a pause');
    const stopped = keeper.stop();
    const patience = await until(() => pauses[1], 'patience');
    expect(patience.ms).to.equal(3000);
    patience.end();
    await stopped;
    expect(log.lines.map((line) => line.message)).to.deep.equal(['snapshot-not-saved']);
  });

  it('may be stopped before start, and then writes nothing', async () => {
    const { store, keeper, put } = bench();
    put('a');
    await keeper.stop();
    expect(store.calls).to.deep.equal([]);
  });

  it('may be started twice', async () => {
    const { store, keeper, tick, put } = bench();
    keeper.start('continue');
    keeper.start('start-over');
    put('a');
    await tick();
    expect(store.calls).to.deep.equal(['write']);
    await keeper.stop();
  });

  it('writes on flush at once, and passes on why it could not', async () => {
    const { store, keeper, put } = bench();
    keeper.start('continue');
    put('a');
    await keeper.flush();
    expect(store.content.size).to.equal(1);
    store.failures = [down()];
    const error = await keeper.flush().catch((thrown: unknown) => thrown);
    expect(error).to.have.property('code', 'STORE_UNAVAILABLE');
    await keeper.stop();
  });

  it('does nothing at all without a store', async () => {
    const { store, keeper, put, pauses } = bench('none');
    keeper.start('open');
    put('a');
    expect(keeper.pending).to.equal(0);
    await keeper.stop();
    expect(store.calls).to.deep.equal([]);
    expect(pauses).to.deep.equal([]);
  });
});

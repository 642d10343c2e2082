import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { RouterError } from '../../lib/errors.ts';
import { routeId } from '../../lib/store/route-id.ts';
import type { LoadedSnapshot, SnapshotStore, StoredRoute } from '../../lib/store/store.ts';
import { ODD_ROUTES, storedRoute, typicalRoutes } from './stored-routes.ts';

/** One place to keep a snapshot in, empty at first, and ways to get at it behind the store's back. */
export interface StoreBench {
  /** A store over that place: each one as after a restart. */
  create(): SnapshotStore;
  /** Overwrites what is stored under a route id. The store is closed. */
  damage(id: string, text: string): void;
  /** Overwrites the schema version. The store is closed. */
  setSchema(version: number): void;
  /** Arguments for store-writer.ts, to write to that place from another process. */
  readonly writer: readonly string[];
  /** Ends and removes everything. */
  remove(): Promise<void>;
}

const WRITER = fileURLToPath(new URL('./store-writer.ts', import.meta.url));

/** What every store that keeps anything owes. */
export function describeStore(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(`snapshot store: ${name}`, () => {
    let bench: StoreBench;
    let opened: SnapshotStore[];

    beforeEach(async () => {
      opened = [];
      bench = await makeBench();
    });
    afterEach(async () => {
      for (const store of opened) await store.close();
      await bench.remove();
    });

    async function open(): Promise<SnapshotStore> {
      const store = bench.create();
      opened.push(store);
      await store.open();
      return store;
    }

    async function reopen(store: SnapshotStore): Promise<SnapshotStore> {
      await store.close();
      return open();
    }

    async function loaded(store: SnapshotStore): Promise<LoadedSnapshot> {
      const snapshot = await store.load();
      if (snapshot === undefined) throw new Error('there is no snapshot');
      return snapshot;
    }

    const write = (store: SnapshotStore, put: readonly StoredRoute[], savedAtMs = Date.now()) =>
      store.write({ put, remove: [], savedAtMs });

    it('has no snapshot before the first write', async () => {
      const store = await open();
      expect(await store.load()).to.equal(undefined);
    });

    it('gives back every field of every entry, after a restart', async () => {
      const store = await open();
      const savedAtMs = Date.now();
      await write(store, ODD_ROUTES, savedAtMs);
      const snapshot = await loaded(await reopen(store));
      expect(snapshot.damaged).to.deep.equal([]);
      expect(byId(snapshot.routes)).to.deep.equal(byId(ODD_ROUTES));
      expect(snapshot.savedAtMs).to.equal(savedAtMs);
      expect(snapshot.own).to.equal(true);
      expect(snapshot.origin).to.not.equal('');
    });

    it('replaces an entry that is put again, and no other on its route or of its address', async () => {
      const store = await open();
      const neighbours = [storedRoute('a', { port: 2 }), storedRoute('b', { port: 1 })];
      await write(store, [storedRoute('a', { port: 1, appId: 'old' }), ...neighbours]);
      const newer = storedRoute('a', { port: 1, appId: 'new' });
      await write(store, [newer]);
      const snapshot = await loaded(await reopen(store));
      expect(byId(snapshot.routes)).to.deep.equal(byId([newer, ...neighbours]));
    });

    it('removes what a batch names, and takes no offence at what is not there', async () => {
      const store = await open();
      const rest = [storedRoute('a', { port: 2 }), storedRoute('b', { port: 1 })];
      await write(store, [storedRoute('a', { port: 1 }), ...rest, ...ODD_ROUTES]);
      const odd = ODD_ROUTES.map((route) => ({ key: route.key, address: route.endpoint.address }));
      const remove = [{ key: 'a', address: '10.0.0.1:1' }, { key: 'unknown', address: 'x:1' }, ...odd];
      await store.write({ put: [], remove, savedAtMs: Date.now() });
      const snapshot = await loaded(await reopen(store));
      expect(byId(snapshot.routes)).to.deep.equal(byId(rest));
    });

    it('applies writes in the order in which they were made, without waiting in between', async () => {
      const store = await open();
      const writes: Promise<void>[] = [];
      for (let i = 0; i < 50; i += 1) writes.push(write(store, [storedRoute('a', { appId: String(i) })]));
      writes.push(store.clear());
      for (let i = 0; i < 50; i += 1) writes.push(write(store, [storedRoute('b', { appId: String(i) })]));
      await Promise.all(writes);
      const snapshot = await loaded(await reopen(store));
      expect(snapshot.routes).to.deep.equal([storedRoute('b', { appId: '49' })]);
    });

    it('renews the date with an empty batch', async () => {
      const store = await open();
      await write(store, [storedRoute('a')], Date.now() - 5000);
      const savedAtMs = Date.now();
      await write(store, [], savedAtMs);
      const snapshot = await loaded(await reopen(store));
      expect(snapshot.savedAtMs).to.equal(savedAtMs);
      expect(snapshot.routes).to.have.length(1);
    });

    it('tells that a snapshot was not finished', async () => {
      const store = await open();
      await write(store, [storedRoute('a')], 0);
      const snapshot = await loaded(await reopen(store));
      expect(snapshot.savedAtMs).to.equal(0);
    });

    it('keeps nothing of what was there before a clear', async () => {
      const store = await open();
      await write(store, typicalRoutes(100));
      await store.clear();
      expect(await store.load()).to.equal(undefined);
      const again = await reopen(store);
      expect(await again.load()).to.equal(undefined);
      await write(again, [storedRoute('a')]);
      expect((await loaded(again)).routes).to.deep.equal([storedRoute('a')]);
    });

    it('leaves out entries that are damaged, lists each, and is rid of them afterwards', async () => {
      const store = await open();
      const good = typicalRoutes(20);
      const texts = ['', '{"key":"bad', 'null', '[]', '7', '{"key":"bad-5","host":"h","port":70000}', '{}'];
      const bad = texts.map((_, i) => storedRoute(`bad-${i}`));
      await write(store, [...good, ...bad]);
      await store.close();
      for (const [i, text] of texts.entries()) bench.damage(idOf(bad[i] as StoredRoute), text);

      const again = await open();
      const snapshot = await loaded(again);
      expect(byId(snapshot.routes)).to.deep.equal(byId(good));
      expect(snapshot.damaged).to.have.length(texts.length);
      for (const i of texts.keys()) expect(snapshot.damaged.join('\n')).to.include(`bad-${i}`);
      expect((await loaded(await reopen(again))).damaged).to.deep.equal([]);
    });

    it('ignores members that a newer version has added', async () => {
      const store = await open();
      const route = storedRoute('a');
      await write(store, [route]);
      await store.close();
      const text =
        '{"key":"a","host":"10.0.0.1","port":8080,"staleMs":120000,"confirmedMs":5,"new":{"x":[1]}}';
      bench.damage(idOf(route), text);
      const snapshot = await loaded(await open());
      expect(snapshot.damaged).to.deep.equal([]);
      expect(snapshot.routes).to.deep.equal([{ ...route, confirmedAtMs: 5 }]);
    });

    it('does not touch a snapshot of a newer schema', async () => {
      const store = await open();
      await write(store, [storedRoute('a')]);
      await store.close();
      bench.setSchema(99);
      const refused = bench.create();
      opened.push(refused);
      const error = await rejection(refused.open());
      expect(error.code).to.equal('STORE_SCHEMA_UNKNOWN');
      expect(error.message).to.include('99');
      expect((await rejection(write(refused, [storedRoute('b')]))).code).to.equal('STORE_UNAVAILABLE');
      expect((await rejection(refused.clear())).code).to.equal('STORE_UNAVAILABLE');
      await refused.close();
      bench.setSchema(1);
      expect((await loaded(await open())).routes).to.deep.equal([storedRoute('a')]);
    });

    it('may be opened twice, and closed twice, before open, and with writes under way', async () => {
      const store = bench.create();
      await store.close();
      await store.open();
      await store.open();
      const written = write(store, typicalRoutes(3000));
      await Promise.all([store.close(), store.close()]);
      await written;
      await store.close();
      const error = await rejection(write(store, []));
      expect(error.code).to.equal('STORE_UNAVAILABLE');
      expect((await rejection(store.load())).code).to.equal('STORE_UNAVAILABLE');
      expect((await loaded(await open())).routes).to.have.length(3000);
    });

    it('holds whole batches only, when its process is killed in the middle of writing', async () => {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const acknowledged = await killedWriter(bench.writer, 10 + attempt * 7);
        const store = await open();
        const { routes, damaged } = await loaded(store);
        const rounds = new Set(routes.map((route) => route.endpoint.tags?.round));
        expect(damaged).to.deep.equal([]);
        expect(rounds.size).to.equal(1);
        const round = Number([...rounds][0]);
        // It may have come further than we heard.
        expect(round).to.be.at.least(acknowledged);
        expect(routes).to.have.length(round % 2 === 1 ? 201 : 200);
        await store.clear();
        await store.close();
      }
    });

    it('brings back 100,000 entries', async () => {
      const store = await open();
      const routes = typicalRoutes(100_000);
      const figures: string[] = [];
      await timed(figures, 'write in batches of 1000', async () => {
        for (let i = 0; i < routes.length; i += 1000) await write(store, routes.slice(i, i + 1000));
      });
      const again = await reopen(store);
      let snapshot: LoadedSnapshot | undefined;
      await timed(figures, 'load', async () => {
        snapshot = await again.load();
      });
      process.stdout.write(`      ${name}, 100,000 entries: ${figures.join('; ')}\n`);
      expect(snapshot?.routes).to.have.length(100_000);
      expect(snapshot?.damaged).to.deep.equal([]);
      const sample = routes[77_777] as StoredRoute;
      expect(snapshot?.routes.find((route) => route.key === sample.key)).to.deep.equal(sample);
    });
  });
}

export async function rejection(promise: Promise<unknown>): Promise<RouterError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RouterError) return error;
    throw error;
  }
  throw new Error('it did not reject');
}

export function byId(routes: readonly StoredRoute[]): Record<string, StoredRoute> {
  const all = Object.fromEntries(routes.map((route) => [idOf(route), route]));
  expect(Object.keys(all), 'no entry comes twice').to.have.length(routes.length);
  return all;
}

export function idOf(route: StoredRoute): string {
  return routeId(route.key, route.endpoint.address);
}

/** Lets a process write until it has acknowledged `rounds`, kills it, and returns the last round it told of. */
async function killedWriter(args: readonly string[], rounds: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  let last = 0;
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    if (last >= rounds) child.kill('SIGKILL');
  }
  const [, signal] = await gone;
  expect(signal, 'the writer ran until it was killed').to.equal('SIGKILL');
  return last;
}

async function timed(figures: string[], what: string, work: () => Promise<void>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  await work();
  const took = performance.now() - start;
  delay.disable();
  figures.push(`${what} ${took.toFixed(0)} ms, longest stall ${(delay.max / 1e6).toFixed(0)} ms`);
}

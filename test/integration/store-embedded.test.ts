import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { SqliteStore } from '../../lib/store/sqlite.ts';
import type { LoadedSnapshot, StoredRoute } from '../../lib/store/store.ts';
import { byId, rejection } from '../support/describe-store.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { storedRoute, typicalRoutes } from '../support/stored-routes.ts';

const STORE = new URL('../../lib/store/sqlite.ts', import.meta.url).href;
const LOGGER = new URL('../support/recording-logger.ts', import.meta.url).href;
const WRITER = fileURLToPath(new URL('../support/store-writer.ts', import.meta.url));

describe('embedded snapshot store', () => {
  let dir: string;
  let path: string;
  let log: ReturnType<typeof recordingLogger>;
  let releases: (() => Promise<unknown> | undefined)[];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'turnout-embedded-'));
    path = join(dir, 'snapshot.db');
    log = recordingLogger();
    releases = [];
  });
  afterEach(async () => {
    for (const release of releases.reverse()) await release();
    rmSync(dir, { recursive: true, force: true });
  });

  function create(options: { path?: string; busyMs?: number; patienceMs?: number } = {}): SqliteStore {
    const store = new SqliteStore({ path, log, ...options });
    releases.push(() => store.close());
    return store;
  }

  async function open(): Promise<SqliteStore> {
    const store = create();
    await store.open();
    return store;
  }

  const write = (store: SqliteStore, put: readonly StoredRoute[]) =>
    store.write({ put, remove: [], savedAtMs: Date.now() });

  async function filled(routes: readonly StoredRoute[]): Promise<void> {
    const store = await open();
    await write(store, routes);
    await store.close();
  }

  async function reload(): Promise<LoadedSnapshot | undefined> {
    const store = await open();
    const snapshot = await store.load();
    await store.close();
    return snapshot;
  }

  const asides = (): string[] => readdirSync(dir).filter((name) => /damaged-\d+$/.test(name));

  function child(args: readonly string[]): ChildProcess {
    const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    releases.push(async () => {
      if (process_.exitCode !== null || process_.signalCode !== null) return;
      const gone = once(process_, 'exit');
      process_.kill('SIGKILL');
      await gone;
    });
    return process_;
  }

  describe('where the file is to be', () => {
    it('makes the directory, and a file for nobody else to read', async () => {
      path = join(dir, 'a', 'b', 'c', 'snapshot.db');
      await filled([storedRoute('a')]);
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      expect((await reload())?.routes).to.have.length(1);
    });

    const refused: { name: string; make: () => string; says: string[] }[] = [
      {
        name: 'a directory',
        make: () => {
          mkdirSync(join(dir, 'd'));
          return join(dir, 'd');
        },
        says: ['is a directory', 'names a file'],
      },
      {
        name: 'below a file',
        make: () => {
          writeFileSync(join(dir, 'file'), '');
          return join(dir, 'file', 'snapshot.db');
        },
        says: ['ENOTDIR', 'another snapshot.path'],
      },
      { name: 'a device', make: () => '/dev/null', says: ['not a regular file'] },
      {
        name: 'where nothing can be made',
        make: () => '/proc/turnout/snapshot.db',
        says: ['/proc/turnout', 'another'],
      },
      {
        name: 'a link to nowhere',
        make: () => {
          symlinkSync('/proc/nowhere/x', join(dir, 'link'));
          return join(dir, 'link');
        },
        says: ['link'],
      },
    ];
    for (const { name, make, says } of refused) {
      it(`says what is wrong when it is ${name}, and can be asked again`, async () => {
        const wrong = make();
        const store = create({ path: wrong });
        for (let attempt = 0; attempt < 2; attempt += 1) {
          const error = await rejection(store.open());
          expect(error.code).to.equal('STORE_UNAVAILABLE');
          for (const words of [wrong, ...says]) expect(error.message).to.include(words);
        }
        expect((await rejection(write(store, []))).code).to.equal('STORE_UNAVAILABLE');
      });
    }

    it('opens once what was in the way is gone', async () => {
      mkdirSync(path);
      const store = create();
      await rejection(store.open());
      rmSync(path, { recursive: true });
      await store.open();
      await write(store, [storedRoute('a')]);
    });
  });

  describe('a file that is damaged', () => {
    const routes = typicalRoutes(3000);
    const garbage: { name: string; spoil: () => void }[] = [
      {
        name: 'other text',
        spoil: () => writeFileSync(path, 'not a database, and long enough to be read as one\n'.repeat(50)),
      },
      { name: 'a few bytes', spoil: () => writeFileSync(path, 'a few bytes') },
      { name: 'zeros', spoil: () => writeFileSync(path, Buffer.alloc(40_960)) },
      { name: 'cut in its first page', spoil: () => truncateSync(path, 1000) },
      { name: 'cut in half', spoil: () => truncateSync(path, Math.floor(statSync(path).size / 2)) },
      { name: 'overwritten at its start', spoil: () => overwrite(path, 0, Buffer.alloc(64, 0xff)) },
      {
        name: 'overwritten in its table of tables',
        spoil: () => overwrite(path, 100, Buffer.alloc(3900, 0xff)),
      },
    ];
    for (const { name, spoil } of garbage) {
      it(`is set aside with a clear line, and the start is a cold one: ${name}`, async () => {
        await filled(routes);
        spoil();
        const store = await open();
        expect(await store.load()).to.equal(undefined);
        expect(asides()).to.deep.equal(['snapshot.db.damaged-1']);
        expect(log.lines.map((line) => [line.level, line.message])).to.deep.equal([
          ['warn', 'snapshot-file-set-aside'],
        ]);
        expect(log.lines[0]?.data.error).to.include(path).and.include(`${path}.damaged-1`);
        await write(store, [storedRoute('a')]);
        await store.close();
        expect((await reload())?.routes).to.deep.equal([storedRoute('a')]);
      });
    }

    it('is an empty one when it is empty', async () => {
      await filled(routes);
      truncateSync(path, 0);
      expect(await reload()).to.equal(undefined);
      expect(asides()).to.deep.equal([]);
    });

    it('gives all that can be read when pages in its middle were half written', async () => {
      await filled(routes);
      const { size } = statSync(path);
      const middle = Math.floor(size / 2 / 4096) * 4096;
      overwrite(path, middle, Buffer.alloc(2048, 0xa5));
      overwrite(path, middle + 8 * 4096, Buffer.alloc(2048, 0));
      await expectSalvage();
    });

    /** Some entries are there, each as it was; the file was set aside; and the new one holds the same. */
    async function expectSalvage(): Promise<void> {
      const snapshot = await reload();
      const wanted = byId(routes);
      const got = byId(snapshot?.routes ?? []);
      expect(Object.keys(got).length).to.be.within(100, routes.length - 1);
      for (const [id, route] of Object.entries(got)) expect(route).to.deep.equal(wanted[id]);
      expect(snapshot?.savedAtMs).to.be.above(0);
      expect(snapshot?.damaged.join('\n')).to.include('damaged-1');
      expect(asides()).to.deep.equal(['snapshot.db.damaged-1']);
      expect(log.lines.map((line) => line.message)).to.deep.equal(['snapshot-file-set-aside']);

      const again = await reload();
      expect(byId(again?.routes ?? [])).to.deep.equal(got);
      expect(again?.damaged).to.deep.equal([]);
      expect(again?.savedAtMs).to.equal(snapshot?.savedAtMs);
    }

    it('never makes the start fail, wherever the damage is', async () => {
      await filled(typicalRoutes(300));
      const good = readFileSync(path);
      let seed = 1;
      const random = (below: number): number => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed % below;
      };
      const known = byId(typicalRoutes(300));
      for (let attempt = 0; attempt < 15; attempt += 1) {
        const bad = Buffer.from(good);
        for (let i = 0; i < 3; i += 1) bad.fill(random(256), random(bad.length), random(bad.length));
        writeFileSync(path, bad);
        const store = await open();
        const snapshot = await store.load();
        for (const route of snapshot?.routes ?? []) {
          expect(known, `attempt ${attempt}`).to.have.property(
            `${route.key.length} ${route.key} ${route.endpoint.address}`,
          );
        }
        // A damaged index shows only in writing: then it starts anew, and says so.
        await write(store, typicalRoutes(300)).catch((error: unknown) => {
          expect(error, `attempt ${attempt}`).to.have.property('code', 'STORE_DAMAGED');
        });
        await write(store, [storedRoute('after')]);
        await store.close();
        for (const name of readdirSync(dir)) rmSync(join(dir, name));
      }
    });

    it('is kept a few times only', async () => {
      for (let i = 0; i < 6; i += 1) {
        writeFileSync(path, `garbage ${i} `.repeat(100));
        await reload();
      }
      expect(asides().sort()).to.deep.equal([1, 2, 3].map((n) => `snapshot.db.damaged-${n}`));
      expect(
        asides()
          .map((name) => readFileSync(join(dir, name), 'utf8'))
          .join(),
      ).to.include('garbage 5');
    });

    it('costs an entry only when a row holds what no row may', async () => {
      await filled(typicalRoutes(10));
      const db = new DatabaseSync(path);
      db.exec(
        "UPDATE route SET data = x'80ff00' || data WHERE n = 3; UPDATE route SET id = 'nonsense' WHERE n = 5",
      );
      db.close();
      const snapshot = await reload();
      expect(snapshot?.routes).to.have.length(8);
      expect(snapshot?.damaged).to.have.length(2);
      expect(snapshot?.damaged.join()).to.include('nonsense');
    });

    it('is without a date when that is missing, and keeps its entries', async () => {
      await filled(typicalRoutes(10));
      const db = new DatabaseSync(path);
      db.exec('DELETE FROM snapshot');
      db.close();
      const snapshot = await reload();
      expect(snapshot?.savedAtMs).to.equal(0);
      expect(snapshot?.routes).to.have.length(10);
    });
  });

  describe("a file that is someone else's", () => {
    it("is left alone when it is another program's database", async () => {
      const db = new DatabaseSync(path);
      db.exec("CREATE TABLE theirs (x); INSERT INTO theirs VALUES ('precious')");
      db.close();
      const before = readFileSync(path);
      const error = await rejection(create().open());
      expect(error.code).to.equal('STORE_SCHEMA_UNKNOWN');
      expect(error.message).to.include(path).and.include("another program's");
      expect(readFileSync(path).equals(before)).to.equal(true);
      expect(readdirSync(dir)).to.deep.equal(['snapshot.db']);
    });

    it('is refused while another router has it, without holding up anybody, and free when that one ends', async () => {
      const first = await open();
      const second = create({ busyMs: 300 });
      let turns = 0;
      const counting = setInterval(() => {
        turns += 1;
      }, 10);
      const error = await rejection(second.open());
      clearInterval(counting);
      expect(turns, 'the event loop went on').to.be.above(10);
      expect(error.code).to.equal('STORE_UNAVAILABLE');
      expect(error.message)
        .to.include(path)
        .and.include('in use by another process')
        .and.include('snapshot.path');
      await write(first, [storedRoute('a')]);
      await first.close();
      await second.open();
      expect((await second.load())?.routes).to.have.length(1);
    });

    it('is refused while another process has it, and opens at once after that was killed', async () => {
      const writer = child([WRITER, 'sqlite', path]);
      await once(writer.stdout as NodeJS.EventEmitter, 'data');
      const store = create({ busyMs: 100 });
      const error = await rejection(store.open());
      expect(error.message).to.include('in use by another process');
      const gone = once(writer, 'exit');
      writer.kill('SIGKILL');
      await gone;
      await store.open();
      expect((await store.load())?.routes.length).to.be.within(200, 201);
    });

    it('is given up when there is no answer in time, and opens when asked again', async () => {
      const first = await open();
      // The thread sits in a lock here; a disk that hangs looks the same from outside.
      const second = create({ busyMs: 1500, patienceMs: 200 });
      const error = await rejection(second.open());
      expect(error.code).to.equal('STORE_UNAVAILABLE');
      expect(error.message).to.include(path).and.include('no answer within 200 ms');
      await first.close();
      await second.open();
      await write(second, [storedRoute('a')]);
    });

    it('waits for a predecessor that is about to let go', async () => {
      const first = await open();
      const second = create({ busyMs: 5000 });
      const opening = second.open();
      await first.close();
      await opening;
    });
  });

  describe('while it runs', () => {
    it('notices that its file was removed, says so, and starts anew', async () => {
      const store = await open();
      await write(store, typicalRoutes(10));
      unlinkSync(path);
      const error = await rejection(write(store, [storedRoute('a')]));
      expect(error.code).to.equal('STORE_DAMAGED');
      expect(error.message).to.include('removed or replaced');
      await write(store, [storedRoute('b')]);
      await store.close();
      expect((await reload())?.routes).to.deep.equal([storedRoute('b')]);
    });

    it('does not write into a file that was put in its place', async () => {
      const store = await open();
      await write(store, typicalRoutes(10));
      unlinkSync(path);
      const other = new DatabaseSync(path);
      other.exec('CREATE TABLE theirs (x)');
      other.close();
      const before = readFileSync(path);
      expect((await rejection(write(store, [storedRoute('a')]))).code).to.equal('STORE_SCHEMA_UNKNOWN');
      expect((await rejection(write(store, [storedRoute('a')]))).code).to.match(/^STORE_/);
      await store.close();
      expect(readFileSync(path).equals(before)).to.equal(true);
    });

    it('keeps what it has when the disk is full, and goes on when there is room', async () => {
      // The limit on a file's size is a disk that fills up for this process alone.
      const script = `
        import { SqliteStore } from ${JSON.stringify(STORE)};
        import { recordingLogger } from ${JSON.stringify(LOGGER)};
        const store = new SqliteStore({ path: ${JSON.stringify(path)}, log: recordingLogger() });
        await store.open();
        const endpoint = { host: 'h', port: 1, address: 'h:1', options: {}, staleThresholdMs: 1, updatedAtNs: '0', protocol: 'http1' };
        const put = (key, size) => store.write({ put: [{ key, contextPath: '/', confirmedAtMs: 1, endpoint: { ...endpoint, appId: 'x'.repeat(size) } }], remove: [], savedAtMs: Date.now() });
        await put('small', 1);
        const failed = await put('large', 4_000_000).catch((error) => error);
        await put('small-too', 1);
        console.log(JSON.stringify({ code: failed?.code, message: failed?.message }));
        await store.close();
      `;
      const file = join(dir, 'script.ts');
      writeFileSync(file, script);
      const limited = spawn('sh', ['-c', `ulimit -f 1000; exec "$0" "$1"`, process.execPath, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [output] = (await once(limited.stdout, 'data')) as [Buffer];
      await once(limited, 'exit');
      const { code, message } = JSON.parse(output.toString()) as { code: string; message: string };
      expect(code).to.equal('STORE_UNAVAILABLE');
      expect(message).to.include(path);
      expect((await reload())?.routes.map((route) => route.key)).to.deep.equal(['small', 'small-too']);
    });

    it('keeps no process alive, neither open nor closed', async () => {
      for (const last of ['', 'await store.close();']) {
        const file = join(dir, 'script.ts');
        writeFileSync(
          file,
          `
          import { SqliteStore } from ${JSON.stringify(STORE)};
          import { recordingLogger } from ${JSON.stringify(LOGGER)};
          const store = new SqliteStore({ path: ${JSON.stringify(path)}, log: recordingLogger() });
          await store.open();
          await store.write({ put: [], remove: [], savedAtMs: 1 });
          ${last}
          console.log('done');
        `,
        );
        const script = child([file]);
        const [code] = await once(script, 'exit');
        expect(code).to.equal(0);
        expect(existsSync(path)).to.equal(true);
      }
    });
  });
});

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

import { expect } from 'chai';
import type { Pool } from '../../../lib/routes/pool.ts';
import { RouteTable } from '../../../lib/routes/route-table.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';
import { seededRandom } from '../../support/random.ts';

const full = (key: string): Pool => aPool(key, [anEndpoint()]);
const empty = (key: string): Pool => aPool(key, []);

function tableOf(...pools: readonly Pool[]): RouteTable {
  const table = new RouteTable();
  for (const pool of pools) table.set(pool);
  return table;
}

describe('RouteTable', () => {
  const cases: readonly {
    readonly name: string;
    readonly pools: readonly Pool[];
    readonly host: string;
    readonly path: string;
    readonly found: string | undefined;
  }[] = [
    { name: 'an exact host', pools: [full('a.com')], host: 'a.com', path: '/', found: 'a.com' },
    { name: 'any path below a host', pools: [full('a.com')], host: 'a.com', path: '/x/y', found: 'a.com' },
    { name: 'an unknown host', pools: [full('a.com')], host: 'b.com', path: '/', found: undefined },
    { name: 'a host in upper case', pools: [full('a.com')], host: 'A.Com', path: '/', found: 'a.com' },
    {
      name: 'a path in upper case',
      pools: [full('a.com/v1')],
      host: 'a.com',
      path: '/V1/X',
      found: 'a.com/v1',
    },
    {
      name: 'the longest context path',
      pools: [full('a.com'), full('a.com/x'), full('a.com/x/y')],
      host: 'a.com',
      path: '/x/y/z',
      found: 'a.com/x/y',
    },
    {
      name: 'a path that only begins like a segment',
      pools: [full('a.com/foo')],
      host: 'a.com',
      path: '/foobar',
      found: undefined,
    },
    {
      name: 'a path with one trailing slash',
      pools: [full('a.com/x')],
      host: 'a.com',
      path: '/x/',
      found: 'a.com/x',
    },
    {
      name: 'an empty segment',
      pools: [full('a.com/x'), full('a.com//x')],
      host: 'a.com',
      path: '//x',
      found: 'a.com//x',
    },
    {
      name: 'what a path would mean with its dots and escapes resolved',
      pools: [full('a.com/b'), full('a.com/%61')],
      host: 'a.com',
      path: '/x/../b',
      found: undefined,
    },
    {
      name: 'raw UTF-8 bytes in a path as the characters that were registered',
      pools: [full('a.com/über')],
      host: 'a.com',
      path: Buffer.from('/Über/x').toString('latin1'),
      found: 'a.com/über',
    },
    {
      name: 'a replacement character for invalid UTF-8 in a path',
      pools: [full('a.com/\ufffd')],
      host: 'a.com',
      path: '/\xff',
      found: undefined,
    },
    {
      name: 'a wildcard for several labels',
      pools: [full('*.c.com')],
      host: 'x.y.c.com',
      path: '/',
      found: '*.c.com',
    },
    {
      name: 'a wildcard for its own domain',
      pools: [full('*.c.com')],
      host: 'c.com',
      path: '/',
      found: undefined,
    },
    {
      name: 'the literal wildcard host',
      pools: [full('*.c.com')],
      host: '*.c.com',
      path: '/',
      found: '*.c.com',
    },
    {
      name: 'a wildcard where the exact host has no such path',
      pools: [full('a.c.com/p'), full('*.c.com')],
      host: 'a.c.com',
      path: '/q',
      found: '*.c.com',
    },
    {
      name: 'the exact host before a wildcard with a longer path',
      pools: [full('a.c.com'), full('*.c.com/p')],
      host: 'a.c.com',
      path: '/p',
      found: 'a.c.com',
    },
    {
      name: 'the more specific wildcard whatever the paths',
      pools: [full('*.b.com'), full('*.com/long/path')],
      host: 'a.b.com',
      path: '/long/path',
      found: '*.b.com',
    },
    {
      name: 'a wildcard in the middle of a host',
      pools: [full('foo.*.com')],
      host: 'foo.bar.com',
      path: '/',
      found: undefined,
    },
    {
      name: 'a wildcard by the dots of a path',
      pools: [full('*.evil')],
      host: 'com',
      path: '/a.evil',
      found: undefined,
    },
    {
      name: 'an emptied pool instead of the wildcard behind it',
      pools: [empty('a.c.com'), full('*.c.com')],
      host: 'a.c.com',
      path: '/',
      found: 'a.c.com',
    },
    {
      name: 'a pool with endpoints above an emptied one',
      pools: [full('a.com'), empty('a.com/x')],
      host: 'a.com',
      path: '/x',
      found: 'a.com',
    },
    {
      name: 'the wildcard where the deepest node has no pool though a shallower one is empty',
      pools: [empty('a.c.com'), full('a.c.com/x/y'), full('*.c.com')],
      host: 'a.c.com',
      path: '/x',
      found: '*.c.com',
    },
    {
      name: 'a route registered with a port',
      pools: [full('a.com:8080')],
      host: 'a.com',
      path: '/',
      found: undefined,
    },
  ];

  for (const { name, pools, host, path, found } of cases) {
    it(`${found === undefined ? 'does not find' : 'finds'} ${name}`, () => {
      expect(tableOf(...pools).match(host, path)?.key).to.equal(found);
    });
  }

  it('gives, replaces and removes pools by their exact key', () => {
    const table = tableOf(full('a.com'), full('*.a.com/x'));
    expect(table.get('*.a.com/x')?.key).to.equal('*.a.com/x');
    expect(table.get('*.a.com')).to.equal(undefined);
    const replaced = aPool('a.com', [anEndpoint(), anEndpoint({ port: 1 })]);
    table.set(replaced);
    expect(table.get('a.com')).to.equal(replaced);
    expect([table.size, table.endpointCount]).to.deep.equal([2, 3]);
    expect(table.delete('a.com')).to.equal(true);
    expect(table.delete('a.com')).to.equal(false);
    expect(table.delete('*.a.com')).to.equal(false);
    expect(table.delete('*.a.com/x/y')).to.equal(false);
    expect([table.size, table.endpointCount]).to.deep.equal([1, 1]);
    expect([...table.pools()].map((pool) => pool.key)).to.deep.equal(['*.a.com/x']);
  });

  it('forgets the way to a removed pool, which would hide an emptied one above', () => {
    const table = tableOf(empty('a.com'), full('a.com/x/y'));
    expect(table.match('a.com', '/x')).to.equal(undefined);
    table.delete('a.com/x/y');
    expect(table.match('a.com', '/x')?.key).to.equal('a.com');
  });

  it('looks up a host of 500,000 labels without being slowed down by it', () => {
    const table = tableOf(full('*.c.com'));
    // One slice for each label would be 250 GB of text to hash: the test would not end in time.
    const host = `${'a.'.repeat(500_000)}c.com`;
    expect(table.match(host, '/')?.key).to.equal('*.c.com');
  });

  it('agrees with a plain reading of the rules on any table and request', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = seededRandom(seed);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
      const hosts = ['a.b.c', '*.b.c', '*.c', 'b.c', 'c', 'x.b.c', '*', 'a.*.c', '*.x.c', ''];
      const segments = ['p', 'q', '', 'p.c', '%61'];
      const anyPath = (): string => {
        let path = '';
        while (random() < 0.55) path += `/${pick(segments)}`;
        return path;
      };
      const table = new RouteTable();
      const model = new Map<string, Pool>();
      for (let step = 0; step < 60; step += 1) {
        const key = pick(hosts) + anyPath();
        if (random() < 0.3) {
          expect(table.delete(key)).to.equal(model.delete(key));
        } else {
          const pool = random() < 0.4 ? empty(key) : full(key);
          table.set(pool);
          model.set(key, pool);
        }
        const host = pick([...hosts, 'y.x.c', 'a.b', 'B.C', '.c']);
        const path = anyPath() || '/';
        const given = `seed ${seed}, step ${step}: ${host} ${path} in [${[...model.keys()].join(' ')}]`;
        expect(table.match(host, path), given).to.equal(naiveMatch(model, host, path));
        expect(table.get(key), given).to.equal(model.get(key));
      }
      expect(table.size).to.equal(model.size);
      expect([...table.pools()]).to.have.members([...model.values()]);
    }
  });
});

/** registry.md 2-3 read word by word: every rule a scan over all keys. */
function naiveMatch(pools: ReadonlyMap<string, Pool>, host: string, path: string): Pool | undefined {
  const lookupPath = (path.endsWith('/') ? path.slice(0, -1) : path).toLowerCase();
  const labels = host.toLowerCase().split('.');
  const candidates = [labels.join('.')];
  for (let cut = 1; cut < labels.length; cut += 1) candidates.push(['*', ...labels.slice(cut)].join('.'));
  for (const candidate of candidates) {
    const wanted = (candidate + lookupPath).split('/');
    const reached = [...pools.keys()]
      .map((key) => key.split('/'))
      .filter((parts) => parts[0] === candidate)
      .map((parts) => {
        let common = 0;
        while (common < parts.length && common < wanted.length && parts[common] === wanted[common])
          common += 1;
        return { key: parts.join('/'), depth: parts.length, common };
      });
    const onTheWay = reached.filter(({ depth, common }) => depth === common);
    const withEndpoints = onTheWay.filter(({ key }) => pools.get(key)!.endpoints.length > 0);
    if (withEndpoints.length > 0) {
      const longest = withEndpoints.reduce((a, b) => (b.depth > a.depth ? b : a));
      return pools.get(longest.key);
    }
    const deepestNode = Math.max(0, ...reached.map(({ common }) => common));
    const emptied = onTheWay.find(({ depth }) => depth === deepestNode);
    if (emptied !== undefined) return pools.get(emptied.key);
  }
  return undefined;
}

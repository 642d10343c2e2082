import { expect } from 'chai';
import { fnv1a, remainder } from '../../../lib/balance/fnv1a.ts';
import { type MaglevTable, maglevTable, SLOTS } from '../../../lib/balance/maglev.ts';
import { seededRandom } from '../../support/random.ts';

/** The definition, in the arithmetic it is written in (http://www.isthe.com/chongo/tech/comp/fnv/). */
function plainFnv1a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash;
}

function shares({ members, slots }: MaglevTable): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const slot of slots) counts[members[slot]!] = (counts[members[slot]!] ?? 0) + 1;
  return counts;
}

/** The members that a walk from a value's slot meets, each once. */
function order({ members, slots }: MaglevTable, value: string): string {
  const met = new Set<string>();
  const first = remainder(fnv1a(value), SLOTS);
  for (let i = 0; i < SLOTS; i += 1) met.add(members[slots[(first + i) % SLOTS]!]!);
  return [...met].join(' ');
}

describe('fnv1a', () => {
  it('agrees with the definition for bytes of all values and lengths', () => {
    const random = seededRandom(3);
    for (let length = 0; length < 200; length += 1) {
      const bytes = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
      const { high, low } = fnv1a(bytes.toString('latin1'));
      expect((BigInt(high) << 32n) | BigInt(low)).to.equal(plainFnv1a(bytes));
      expect(remainder({ high, low }, SLOTS)).to.equal(Number(plainFnv1a(bytes) % BigInt(SLOTS)));
    }
  });
});

describe('maglevTable', () => {
  const three = ['inst-a', 'inst-b', 'inst-c'];

  it('gives the members of the contract their shares', () => {
    expect(shares(maglevTable(three))).to.deep.equal({ 'inst-a': 1001, 'inst-b': 1000, 'inst-c': 1000 });
  });

  for (const [name, offset, skip] of [
    ['inst-a', 1101, 1752],
    ['inst-b', 563, 1963],
    ['inst-c', 25, 2174],
  ] as const) {
    it(`begins the preferences of ${name} at slot ${offset}, ${skip} apart`, () => {
      const hash = fnv1a(name);
      expect([remainder(hash, SLOTS), 1 + remainder(hash, SLOTS - 1)]).to.deep.equal([offset, skip]);
    });
  }

  for (const [value, slot, expected] of [
    ['tenant-1', 462, 'c b a'],
    ['tenant-2', 2925, 'c b a'],
    ['tenant-3', 2387, 'a b c'],
    ['alice', 2053, 'a c b'],
    ['bob', 1981, 'b a c'],
  ] as const) {
    it(`leads ${value} from slot ${slot} to ${expected}`, () => {
      expect(remainder(fnv1a(value), SLOTS)).to.equal(slot);
      expect(order(maglevTable(three), value).replaceAll('inst-', '')).to.equal(expected);
    });
  }

  it('does not depend on the order in which members came, nor on how often', () => {
    const random = seededRandom(11);
    for (const count of [1, 2, 7, 30, 300]) {
      const names = Array.from({ length: count }, () => `instance-${random()}`);
      const first = maglevTable(names);
      const shuffled = [...names, names[0]!].sort(() => random() - 0.5);
      expect(maglevTable(shuffled)).to.deep.equal(first);
    }
  });

  it('sorts by bytes, where UTF-16 would sort otherwise', () => {
    // U+FF61 is three bytes from EF on, U+1F600 four from F0 on, but its first UTF-16 unit is D83D.
    expect(maglevTable(['\u{1F600}', '\uFF61', 'z']).members).to.deep.equal(['z', '\uFF61', '\u{1F600}']);
  });

  it('is fair to thirty members', () => {
    const counts = Object.values(shares(maglevTable(Array.from({ length: 30 }, (_, i) => `member-${i}`))));
    expect(counts).to.have.length(30);
    for (const count of counts) expect(count).to.be.within(100, 101);
  });

  it('moves few slots of others when a member goes', () => {
    const names = Array.from({ length: 10 }, (_, i) => `member-${i}`);
    const all = maglevTable(names);
    const fewer = maglevTable(names.slice(1));
    let moved = 0;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const before = all.members[all.slots[slot]!]!;
      if (before !== 'member-0' && before !== fewer.members[fewer.slots[slot]!]) moved += 1;
    }
    expect(moved).to.be.below(SLOTS / 4);
  });

  it('leaves out the last of more members than slots, and has none for none', () => {
    const names = Array.from({ length: SLOTS + 5 }, (_, i) => `member-${String(i).padStart(6, '0')}`);
    const table = maglevTable(names);
    expect(table.members).to.deep.equal(names.slice(0, SLOTS));
    expect(new Set(table.slots).size).to.equal(SLOTS);
    expect(maglevTable([]).members).to.deep.equal([]);
  });
});

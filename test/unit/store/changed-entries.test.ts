import { expect } from 'chai';
import { ChangedEntries } from '../../../lib/store/changed-entries.ts';

/** Those of `count`, or all, as `key address`. */
function taken(entries: ChangedEntries, count = Number.POSITIVE_INFINITY): string[] {
  const names: string[] = [];
  const walk = entries.take();
  while (names.length < count) {
    const next = walk.next();
    if (next.done === true) break;
    names.push(`${next.value.key} ${next.value.address}`);
  }
  return names;
}

describe('ChangedEntries', () => {
  it('hands out each entry once, whatever how often it changed', () => {
    const entries = new ChangedEntries();
    for (const key of ['a', 'b', 'a', 'c', 'b']) entries.add(key, '1');
    expect(entries.size).to.equal(3);
    expect(taken(entries)).to.deep.equal(['a 1', 'b 1', 'c 1']);
    expect(entries.size).to.equal(0);
    expect(taken(entries)).to.deep.equal([]);
  });

  it('keeps the entries of one key apart', () => {
    const entries = new ChangedEntries();
    for (const address of ['1', '2', '3', '2', '1']) entries.add('a', address);
    entries.add('b', '1');
    expect(entries.size).to.equal(4);
    expect(taken(entries)).to.deep.equal(['a 1', 'a 2', 'a 3', 'b 1']);
    expect(entries.size).to.equal(0);
  });

  it('leaves to the next walk what one did not come to', () => {
    const entries = new ChangedEntries();
    for (const address of ['1', '2', '3']) entries.add('a', address);
    entries.add('b', '1');
    expect(taken(entries, 2)).to.deep.equal(['a 1', 'a 2']);
    expect(entries.size).to.equal(2);
    expect(taken(entries)).to.deep.equal(['a 3', 'b 1']);
  });

  it('hands out again what changes while a walk is under way', () => {
    const entries = new ChangedEntries();
    for (const address of ['1', '2']) entries.add('a', address);
    entries.add('b', '1');
    const walk = entries.take();
    const next = (): unknown => walk.next().value;
    expect(next()).to.deep.equal({ key: 'a', address: '1' });
    entries.add('a', '1'); // it waits behind the other of its key
    expect(next()).to.deep.equal({ key: 'a', address: '2' });
    expect(next()).to.deep.equal({ key: 'a', address: '1' });
    entries.add('a', '1'); // the key was done with, and begins anew
    expect(entries.size).to.equal(2);
    expect(next()).to.deep.equal({ key: 'b', address: '1' });
    expect(next()).to.deep.equal({ key: 'a', address: '1' });
    expect(next()).to.equal(undefined);
    expect(entries.size).to.equal(0);
  });
});

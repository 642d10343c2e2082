import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';

const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/contract-status.md'), 'utf8');

/** What a line may say instead of naming a test. */
const OTHERWISE = /reason in differences\.md|nothing (?:on that page|there) is/u;

const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| item '))
  .map((line) => line.slice(2, -2).split(/ \| ?/u));

describe('the list of the contract\u2019s items', () => {
  it('has for each item its state, and tests that are there or a reason', () => {
    expect(rows.length).to.be.above(200);
    for (const [item = '', state = '', proof = ''] of rows) {
      expect(state, item).to.not.match(/^(?:open|)$/u);
      const tests = [...proof.matchAll(/`([^`]+)`/gu)].map(([, name = '']) => name);
      if (tests.length === 0) expect(`${state} ${proof}`, item).to.match(OTHERWISE);
      for (const name of tests) {
        const path = join(ROOT, 'test', name);
        const found = existsSync(path) || globSync(path).length > 0;
        expect(found, `${item}: ${name}`).to.equal(true);
      }
    }
  });

  it('leaves nothing open', () => {
    expect(rows.filter(([, state = '']) => /\bopen\b(?!ed)/u.test(state))).to.deep.equal([]);
  });
});

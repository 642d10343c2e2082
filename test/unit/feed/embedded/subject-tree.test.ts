import { expect } from 'chai';
import { isLiteralSubject } from '../../../../lib/feed/embedded/subject.ts';
import { SubjectTree } from '../../../../lib/feed/embedded/subject-tree.ts';
import { seededRandom } from '../../../support/random.ts';

/** What a subject means, told as plainly as can be. */
function matches(pattern: string, subject: string): boolean {
  const [wanted, tokens] = [pattern.split('.'), subject.split('.')];
  for (const [i, want] of wanted.entries()) {
    if (want === '>') return tokens.length > i;
    if (tokens[i] === undefined || (want !== '*' && want !== tokens[i])) return false;
  }
  return wanted.length === tokens.length;
}

function* words(random: () => number, count: number, alphabet: readonly string[]): Generator<string> {
  for (let i = 0; i < count; i += 1) {
    yield Array.from(
      { length: 1 + Math.floor(random() * 4) },
      () => alphabet[Math.floor(random() * alphabet.length)],
    ).join('.');
  }
}

describe('SubjectTree', () => {
  it('agrees with the plain definition while subscriptions come and go', () => {
    const random = seededRandom(42);
    const patterns = [...words(random, 300, ['a', 'b', '*', 'c*'])].map((word, i) =>
      i % 4 === 0 ? `${word}.>` : word,
    );
    const subjects = [...words(random, 200, ['a', 'b', 'c*', 'd'])];
    const tree = new SubjectTree<number>();
    const present = new Map<number, { pattern: string; queue: string }>();
    for (const [id, pattern] of patterns.entries()) {
      const queue = id % 3 === 0 ? `q${id % 2}` : '';
      expect(tree.add(pattern, queue, id)).to.equal(true);
      present.set(id, { pattern, queue });
      if (id % 5 === 4) {
        const [gone, what] = [...present].at(Math.floor(random() * present.size)) ?? [0, { pattern, queue }];
        tree.remove(what.pattern, what.queue, gone);
        present.delete(gone);
      }
      const subject = subjects[id % subjects.length] ?? '';
      const expected = [...present].filter(([, subscription]) => matches(subscription.pattern, subject));
      const { all, groups } = tree.match(subject);
      const byNumber = (x: number, y: number) => x - y;
      expect([...all].sort(byNumber)).to.deep.equal(
        expected.filter(([, s]) => s.queue === '').map(([i]) => i),
      );
      const groupOf = (queue: string) => expected.filter(([, s]) => s.queue === queue).map(([i]) => i);
      const wanted = [groupOf('q0'), groupOf('q1')]
        .filter((group) => group.length > 0)
        .map(String)
        .sort();
      expect(groups.map((group) => String([...group].sort(byNumber))).sort()).to.deep.equal(wanted);
    }
    for (const [id, { pattern, queue }] of present) tree.remove(pattern, queue, id);
    for (const subject of subjects) expect(tree.match(subject)).to.deep.equal({ all: [], groups: [] });
  });

  for (const subject of ['', '.', 'a.', '.a', 'a..b', '>.a', 'a.>.b']) {
    it(`does not take a subscription to ${JSON.stringify(subject)}`, () => {
      const tree = new SubjectTree<number>();
      expect(tree.add(subject, '', 1)).to.equal(false);
      tree.remove(subject, '', 1);
      expect(tree.match(subject)).to.deep.equal({ all: [], groups: [] });
    });
  }

  it('bounds its memory of subjects', () => {
    const tree = new SubjectTree<number>();
    tree.add('>', '', 1);
    for (let i = 0; i < 10_000; i += 1) expect(tree.match(`x.${i}`).all).to.deep.equal([1]);
  });
});

describe('isLiteralSubject', () => {
  for (const [subject, expected] of [
    ['a', true],
    ['a.b*.>c', true],
    ['a.*', false],
    ['>', false],
    ['a..b', false],
    ['', false],
  ] as const) {
    it(`says ${expected} for ${JSON.stringify(subject)}`, () =>
      expect(isLiteralSubject(subject)).to.equal(expected));
  }
});

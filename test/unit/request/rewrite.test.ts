import { expect } from 'chai';
import { canonicalName, headerRewrite, type RewriteRules } from '../../../lib/request/rewrite.ts';

describe('headerRewrite', () => {
  const GIVEN = ['A', '1', 'X-Frame-Options', 'DENY', 'a', '2', 'Set-Cookie', 'x'];
  const cases: readonly {
    readonly name: string;
    readonly rules: Partial<RewriteRules>;
    readonly expect: readonly string[];
  }[] = [
    {
      name: 'removes all fields of a name, any case',
      rules: { remove: ['a', 'SET-COOKIE'] },
      expect: ['X-Frame-Options', 'DENY'],
    },
    {
      name: 'adds what is absent, in canonical spelling, at the end',
      rules: { addIfAbsent: [{ name: 'x-MINE', value: 'v' }] },
      expect: [...GIVEN, 'X-Mine', 'v'],
    },
    {
      name: 'adds nothing that is there, any case',
      rules: { addIfAbsent: [{ name: 'x-frame-options', value: 'v' }] },
      expect: GIVEN,
    },
    {
      name: 'adds several of one name when there was none before',
      rules: {
        addIfAbsent: [
          { name: 'B', value: '1' },
          { name: 'b', value: '2' },
        ],
      },
      expect: [...GIVEN, 'B', '1', 'B', '2'],
    },
    {
      name: 'removes first, so that a removed field is absent',
      rules: { remove: ['A', 'Set-Cookie'], addIfAbsent: [{ name: 'A', value: 'new' }] },
      expect: ['X-Frame-Options', 'DENY', 'A', 'new'],
    },
    {
      name: 'sends values in UTF-8',
      rules: { remove: ['A', 'Set-Cookie'], addIfAbsent: [{ name: 'U', value: 'ü' }] },
      expect: ['X-Frame-Options', 'DENY', 'U', '\xc3\xbc'],
    },
  ];
  for (const { name, rules, expect: expected } of cases) {
    it(name, () => {
      expect(headerRewrite({ remove: [], addIfAbsent: [], ...rules })!(GIVEN)).to.deep.equal(expected);
    });
  }

  it('is nothing without rules, nor with none but those for framing and connection', () => {
    expect(headerRewrite({ remove: [], addIfAbsent: [] })).to.equal(undefined);
    const own = ['Content-Length', 'connection', 'Transfer-Encoding', 'Upgrade'];
    const addIfAbsent = own.map((name) => ({ name, value: '1' }));
    expect(headerRewrite({ remove: own, addIfAbsent })).to.equal(undefined);
  });
});

describe('canonicalName', () => {
  it('writes names as gorouter does', () => {
    expect(canonicalName('x-cf-routererror')).to.equal('X-Cf-Routererror');
    expect(canonicalName('ETAG')).to.equal('Etag');
  });
});

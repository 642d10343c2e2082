import { expect } from 'chai';
import { expectation } from '../../../lib/request/expectation.ts';

describe('expectation', () => {
  const CASES: readonly {
    name: string;
    given: string[];
    minor?: 0 | 1;
    expect: 'none' | 'continue' | 417;
  }[] = [
    { name: 'no Expect', given: [], expect: 'none' },
    { name: 'an empty one', given: ['Expect', ''], expect: 'none' },
    { name: 'the token', given: ['Expect', '100-continue'], expect: 'continue' },
    { name: 'the token in any case', given: ['eXpect', '100-Continue'], expect: 'continue' },
    { name: 'the token in HTTP/1.0', given: ['Expect', '100-continue'], minor: 0, expect: 'none' },
    { name: 'the token within a text', given: ['Expect', 'y 100-continue'], expect: 417 },
    { name: 'the token twice', given: ['Expect', '100-continue', 'Expect', '100-continue'], expect: 417 },
    { name: 'a list', given: ['Expect', '100-continue, 100-continue'], expect: 417 },
    { name: 'something else', given: ['Expect', '200-ok'], expect: 417 },
  ];
  for (const { name, given, minor = 1, expect: expected } of CASES) {
    it(`${name}: ${expected}`, () => {
      const result = expectation({ headers: given, versionMinor: minor });

      expect(typeof result === 'string' ? result : result.status).to.equal(expected);
    });
  }
});

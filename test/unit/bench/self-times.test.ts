import { expect } from 'chai';
import { type CpuProfile, selfTimes } from '../../../scripts/bench/profile/self-times.ts';

describe('self times of a CPU profile', () => {
  const frame = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber });
  const profile: CpuProfile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)') },
      { id: 2, callFrame: frame('parse', 'file:///root/lib/a.ts', 9) },
      { id: 3, callFrame: frame('', 'file:///root/lib/a.ts', 19) },
      { id: 4, callFrame: frame('(garbage collector)') },
      // The same function, called from elsewhere.
      { id: 5, callFrame: frame('parse', 'file:///root/lib/a.ts', 9) },
    ],
    samples: [4, 2, 1, 3, 5],
    timeDeltas: [100, 30, 500, 10, 60],
  };

  it('are shares of the time that was not idle, the greatest first', () => {
    const { functions, files } = selfTimes(profile, '/root', 1_000);
    expect(functions).to.deep.equal([
      { what: '(garbage collector)', share: 0.5 },
      { what: 'parse lib/a.ts:10', share: 0.45 },
      { what: '(anonymous) lib/a.ts:20', share: 0.05 },
    ]);
    expect(files).to.deep.equal([
      { what: '(garbage collector)', share: 0.5 },
      { what: 'lib/a.ts', share: 0.5 },
    ]);
  });

  it('are those of the end alone when asked so', () => {
    const { functions } = selfTimes(profile, '/root', 100);
    expect(functions.map(({ what }) => what)).to.deep.equal(['parse lib/a.ts:10', '(anonymous) lib/a.ts:20']);
  });
});

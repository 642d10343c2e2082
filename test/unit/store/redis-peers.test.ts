import { expect } from 'chai';
import { type Peer, parseMeta, pickPeer } from '../../../lib/store/redis-peers.ts';

const NOW = 1_760_000_000_000;
const HOUR = 3_600_000;

function peer(routerId: string, agoMs: number, routes = 10, schema = 1): Peer {
  return { routerId, routes, meta: { schema, savedAtMs: NOW - agoMs } };
}

describe('choice of a peer', () => {
  const cases: { name: string; given: Peer[]; expect: string | undefined }[] = [
    { name: 'none when there is none', given: [], expect: undefined },
    {
      name: 'the freshest',
      given: [peer('old', HOUR / 2), peer('new', 1000), peer('mid', HOUR / 4)],
      expect: 'new',
    },
    {
      name: 'of those that live now, the fullest',
      given: [peer('cold', 0, 3), peer('warm', 9000, 900)],
      expect: 'warm',
    },
    {
      name: 'not a fuller one that is long gone',
      given: [peer('here', 0, 3), peer('gone', HOUR / 2, 900)],
      expect: 'here',
    },
    { name: 'none that is too old', given: [peer('a', HOUR + 1)], expect: undefined },
    { name: 'none from the future', given: [peer('a', -HOUR), peer('b', 5)], expect: 'b' },
    { name: 'none of a newer schema', given: [peer('a', 0, 10, 2), peer('b', 5)], expect: 'b' },
    { name: 'none that is empty', given: [peer('a', 0, 0)], expect: undefined },
    { name: 'none that is not finished', given: [peer('a', NOW), peer('b', 5)], expect: 'b' },
    {
      name: 'none without a date',
      given: [{ routerId: 'a', routes: 5, meta: undefined }],
      expect: undefined,
    },
  ];
  for (const { name, given, expect: expected } of cases) {
    it(`takes ${name}`, () => {
      expect(pickPeer(given, NOW, HOUR)?.routerId).to.equal(expected);
    });
  }
});

describe('snapshot meta', () => {
  const cases: [string | null, unknown][] = [
    ['{"schema":1,"savedMs":5}', { schema: 1, savedAtMs: 5 }],
    ['{"schema":2,"savedMs":5,"more":1}', { schema: 2, savedAtMs: 5 }],
    ['{"schema":1}', { schema: 1, savedAtMs: 0 }],
    ['{"schema":1,"savedMs":"5"}', { schema: 1, savedAtMs: 0 }],
    ['{"schema":1,"savedMs":1e999}', { schema: 1, savedAtMs: 0 }],
    ['{"schema":"1","savedMs":5}', undefined],
    ['{"schema":0,"savedMs":5}', undefined],
    ['{"schema":1,"sav', undefined],
    ['null', undefined],
    ['7', undefined],
    ['', undefined],
    [null, undefined],
  ];
  for (const [text, expected] of cases) {
    it(`reads ${text} as ${JSON.stringify(expected)}`, () => {
      expect(parseMeta(text)).to.deep.equal(expected);
    });
  }
});

import { expect } from 'chai';
import { redisKeys } from '../../../lib/store/redis-keys.ts';

/** What a cluster hashes of a key (Redis cluster specification, "Hash tags"). */
function tagOf(key: string): string {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open + 1);
  return close <= open + 1 ? key : key.slice(open + 1, close);
}

describe('redis keys', () => {
  for (const prefix of ['turnout', 'turnout:']) {
    it(`names the hash by router and prefix ${prefix}, with one colon between`, () => {
      const keys = redisKeys(prefix);
      expect(keys.snapshot('router-0')).to.equal('turnout:{router-0}:routes');
      expect(keys.index).to.equal('turnout:routers');
    });
  }

  for (const id of ['a', 'a}b', '}', '{', '{}', 'ü', 'a b', '\ud800']) {
    it(`gives router ${JSON.stringify(id)} a tag of its own`, () => {
      const key = redisKeys('p').snapshot(id);
      expect(tagOf(key))
        .to.not.equal(key)
        .and.not.equal(tagOf(redisKeys('p').snapshot(`${id}x`)));
    });
  }

  for (const prefix of ['{', '}', 'a{b}', '{}:']) {
    it(`refuses the prefix ${prefix}, which would take the tag's place`, () => {
      expect(() => redisKeys(prefix))
        .to.throw('snapshot.redis.key_prefix')
        .with.property('code', 'CONFIG_INVALID');
    });
  }
});

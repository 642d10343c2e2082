import { expect } from 'chai';
import { RouterError } from '../../../lib/errors.ts';
import { parseRedisUrl, type RedisTarget } from '../../../lib/store/redis-target.ts';

const PLAIN: RedisTarget = {
  host: 'r.example.com',
  port: 6379,
  path: undefined,
  username: undefined,
  password: undefined,
  db: 0,
  tls: false,
  shown: 'redis://r.example.com',
};

describe('redis url', () => {
  const good: { url: string; expect: Partial<RedisTarget> }[] = [
    { url: 'redis://r.example.com', expect: {} },
    {
      url: 'redis://r.example.com:7000/3',
      expect: { port: 7000, db: 3, shown: 'redis://r.example.com:7000/3' },
    },
    { url: 'rediss://r.example.com', expect: { tls: true, shown: 'rediss://r.example.com' } },
    { url: 'redis://:pw@r.example.com', expect: { password: 'pw' } },
    { url: 'redis://me:p%40w%2F@r.example.com', expect: { username: 'me', password: 'p@w/' } },
    { url: 'redis://me:100%@r.example.com', expect: { username: 'me', password: '100%' } },
    { url: 'redis://[::1]:7', expect: { host: '::1', port: 7, shown: 'redis://[::1]:7' } },
    {
      url: '/run/redis.sock',
      expect: { host: undefined, port: 0, path: '/run/redis.sock', shown: 'unix:///run/redis.sock' },
    },
    {
      url: 'unix:///run/redis.sock?db=2',
      expect: { host: undefined, port: 0, path: '/run/redis.sock', db: 2, shown: 'unix:///run/redis.sock' },
    },
    {
      url: 'unix:///a%zz',
      expect: { host: undefined, port: 0, path: '/a%zz', shown: 'unix:///a%zz' },
    },
    {
      url: 'unix://me:pw@/run/a%20b.sock',
      expect: {
        host: undefined,
        port: 0,
        path: '/run/a b.sock',
        username: 'me',
        password: 'pw',
        shown: 'unix:///run/a b.sock',
      },
    },
  ];
  for (const { url, expect: expected } of good) {
    it(`reads ${url}`, () => {
      expect(parseRedisUrl(url)).to.deep.equal({ ...PLAIN, ...expected });
    });
  }

  const bad: { url: string; says: string }[] = [
    { url: '', says: 'is not a URL' },
    { url: 'r.example.com:6379', says: 'scheme' },
    { url: 'localhost', says: 'is not a URL' },
    { url: 'http://me:secret@r.example.com', says: 'has the scheme http' },
    { url: 'redis://', says: 'names no host' },
    { url: 'redis://me:secret@r.example.com:99999', says: 'is not a URL' },
    { url: 'redis://me:secret@r.example.com/first', says: 'database that is not a number' },
    { url: 'redis://me:sec@ret@r.example.com/-1', says: 'database that is not a number' },
    { url: 'unix://', says: 'names no socket' },
    { url: 'unix://host/', says: 'names no socket' },
  ];
  for (const { url, says } of bad) {
    it(`refuses ${JSON.stringify(url)}, and shows no password`, () => {
      let error: unknown;
      try {
        parseRedisUrl(url);
      } catch (thrown) {
        error = thrown;
      }
      if (!(error instanceof RouterError)) throw new Error(`expected a RouterError, got ${String(error)}`);
      expect(error.code).to.equal('CONFIG_INVALID');
      expect(error.message).to.include('snapshot.redis.url').and.include(says).and.include('rediss://');
      expect(error.message).to.not.match(/secret|sec@|ret@/);
    });
  }
});

import { RouterError } from '../errors.ts';

export interface RedisKeys {
  /** One hash for each router: its entries by route id, and `META_FIELD`. */
  snapshot(routerId: string): string;
  /** Sorted set of router ids by the time of their last save, Unix ms. */
  readonly index: string;
}

/** No route id begins like this (route-id.ts). In the hash itself, so that date and entries live and die together. */
export const META_FIELD = '@snapshot';

/**
 * Key names, the router id being the hash tag: all that is written as one lies in one slot of a cluster (Redis
 * cluster specification, "Hash tags"). The index is alone in its own. A colon follows a prefix that has none.
 */
export function redisKeys(prefix: string): RedisKeys {
  // An empty tag is none: the slot is then that of the whole key. And a tag in the prefix would be the tag of all.
  if (/[{}]/.test(prefix)) {
    throw new RouterError(
      'CONFIG_INVALID',
      `snapshot.redis.key_prefix ${JSON.stringify(prefix)} may not contain { or }`,
    );
  }
  const begin = prefix.endsWith(':') ? prefix : `${prefix}:`;
  return {
    snapshot: (routerId) => `${begin}{${encodeURIComponent(routerId.toWellFormed())}}:routes`,
    index: `${begin}routers`,
  };
}

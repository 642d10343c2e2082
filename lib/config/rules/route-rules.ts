import { formatDuration } from '../duration.ts';
import type { Config } from '../schema.ts';
import type { Violation } from './rule.ts';

/** Which routes are served, and where they are kept: registry.md 8. */
export function* routeRules(config: Config): Generator<Violation> {
  if (config.routing_table_sharding_mode === 'segments' && config.isolation_segments.length === 0) {
    yield {
      key: 'routing_table_sharding_mode',
      found: 'segments while isolation_segments is empty',
      allowed: 'all, shared-and-segments, or at least one isolation segment',
      message: 'Expected isolation segments; routing table sharding mode set to segments and none provided.',
    };
  }
  if (config.load_balancer_healthy_threshold < 0) {
    const found = formatDuration(config.load_balancer_healthy_threshold);
    yield {
      key: 'load_balancer_healthy_threshold',
      found,
      allowed: 'a duration, 0s or more',
      message: `Invalid load balancer healthy threshold: ${found}`,
    };
  }
  if (config.snapshot.store === 'redis') yield* redisRules(config.snapshot.redis);
}

function* redisRules(redis: Config['snapshot']['redis']): Generator<Violation> {
  const schemes = 'redis://host:port, rediss://host:port for TLS, or unix:///path';
  const scheme = /^(rediss?|unix):\/\/./u.exec(redis.url)?.[1];
  if (scheme === undefined || !URL.canParse(redis.url)) {
    yield {
      key: 'snapshot.redis.url',
      // Not quoted: what is no URL may still hold a password.
      found: redis.url === '' ? 'nothing while snapshot.store is redis' : 'a text that is no such URL',
      allowed: schemes,
      message: `snapshot.redis.url must be ${schemes}`,
    };
  }
  if (redis.key_prefix === '') {
    yield {
      key: 'snapshot.redis.key_prefix',
      found: 'an empty text',
      allowed: 'a text of one character or more: other keys of that server must not be touched',
      message: 'snapshot.redis.key_prefix is empty',
    };
  }
  if ((redis.cert_chain === '') !== (redis.private_key === '')) {
    const [key, missing] =
      redis.cert_chain === '' ? ['private_key', 'cert_chain'] : ['cert_chain', 'private_key'];
    yield {
      key: `snapshot.redis.${key}`,
      found: `no ${missing} beside it`,
      allowed: 'both cert_chain and private_key, or neither',
      message: `snapshot.redis.${missing} is missing beside ${key}`,
    };
  }
}
